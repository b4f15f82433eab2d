"""The words that every page shares: moments, durations, states."""

from datetime import timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from notifications.models import Attempt, Message, Outcome, Recipient
from notifications.templatetags.panel import OFF, code_spans, distance, duration, tone


def shown(source: str, **context: object) -> str:
    return Template("{% load panel %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (0, "0 s"),
        (0.01, "under 0.1 s"),
        (0.84, "0.8 s"),
        (9.96, "10.0 s"),
        (12.7, "12 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7200, "2 h"),
        (86_400 * 3, "3 d"),
    ],
)
def test_a_duration_has_one_unit(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_moment_is_told_from_now() -> None:
    now = timezone.now()
    assert distance(now - timedelta(seconds=12)) == "12 s ago"
    assert distance(now + timedelta(minutes=4, seconds=5)) == "in 4 min"


def test_a_moment_carries_its_exact_time_and_no_blank_around_it() -> None:
    moment = timezone.now() - timedelta(hours=2)
    text = shown("({% ago moment %})", moment=moment)
    assert text.startswith(f'(<time datetime="{moment.isoformat()}"')
    assert text.endswith(">2 h ago</time>)")


def test_no_moment_is_a_word() -> None:
    assert shown("{% ago moment %}", moment=None) == "never"


@pytest.mark.parametrize(
    "state",
    [*Message.State.values, *Recipient.Outcome.values, *Attempt.Outcome.values, *Outcome.values],
)
def test_every_state_has_a_colour_and_a_word(state: str) -> None:
    text = shown("{% badge state %}", state=state)
    assert "<svg" in text
    assert state.replace("_", " ").capitalize() in text
    assert tone(state) != OFF or state == "cancelled"


def test_a_foreign_word_in_a_badge_is_escaped() -> None:
    assert "&lt;b&gt;" in shown("{% badge 'ok' word %}", word="<b>")


def test_backticks_become_code_and_the_rest_is_escaped() -> None:
    assert code_spans("Try `nc <host>` & see") == "Try <code>nc &lt;host&gt;</code> &amp; see"


@pytest.mark.parametrize(
    ("address", "html"),
    [("<a@x.test>", "&lt;a<wbr>@x.test&gt;"), ("a@b@c", "a@b<wbr>@c"), ("none", "<wbr>none"), ("", "<wbr>")],
)
def test_an_address_breaks_at_its_sign(address: str, html: str) -> None:
    assert shown("{{ address|break_at_sign }}", address=address) == html


def test_a_card_escapes_its_title_and_keeps_its_content() -> None:
    text = shown("{% card title=title %}<p>{{ inner }}</p>{% endcard %}", title="<i>", inner="<u>")
    assert "<h2>&lt;i&gt;</h2>" in text
    assert "<p>&lt;u&gt;</p>" in text


def test_a_banner_has_its_states_colour() -> None:
    text = shown('{% banner "partly_sent" "Look" %}<p>here</p>{% endbanner %}')
    assert 'data-tone="warning"' in text
    assert "<p>here</p>" in text


def test_a_changed_query_keeps_the_rest() -> None:
    request = RequestFactory().get("/", {"state": "queued", "before": "7", "q": "a&b"})
    assert shown("{% here before='' state='sent' %}", request=request) == "?state=sent&amp;q=a%26b"
