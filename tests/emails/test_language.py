"""What a template may say, what it is told when it may not, and what it can never reach."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from notifications.emails import language
from notifications.emails.filters import Moment
from notifications.emails.language import Field, TemplateFault, check, render
from tests.emails.props import NOW

TARGETS = [{"name": f"PC-{n}", "outcome": "Failed", "detail": "<1603>", "duration": "2 s"} for n in (1, 2)]
VALUES: dict[str, Any] = {
    "name": "R&D <Lab>",
    "outcome": "Failed",
    "total": 3,
    "failed": 1,
    "failed_percent": 33,
    "package": "",
    "started": Moment.of("22 Nov 2026", NOW),
    "targets": TARGETS,
    "failures": TARGETS[:1],
}


def text(source: str, **values: Any) -> str:
    return render("text", source, {**VALUES, **values})


def problem(source: str, field: str = "text") -> str:
    """The one thing that is wrong."""
    ((_, sentence),) = check(field, source)
    return sentence


class TestWhatItSays:
    @pytest.mark.parametrize(
        ("source", "says"),
        [
            ("{{ outcome }}: {{ name }}", "Failed: R&D <Lab>"),
            ("{{ outcome|upper }} {{ name|lower|title }}", "FAILED R&D <Lab>"),
            ("{{ package|default:'none' }}", "none"),
            ("{{ name|truncatechars:4 }}", "R&D…"),
            ("{{ failed }} target{{ failed|pluralize }} of {{ total }} PC{{ total|pluralize }}", "1 target of 3 PCs"),
            ("{{ failed_percent|floatformat:2 }} %", "33.00 %"),
            ("{{ started }} {{ started|date:'Y-m-d' }} {{ started|time }}", "22 Nov 2026 2026-11-22 10:05"),
            ("{% if failed > 0 and not package %}yes{% else %}no{% endif %}", "yes"),
            ("{% for t in targets %}{{ forloop.counter }}{% if not forloop.last %}, {% endif %}{% endfor %}", "1, 2"),
            ("{% for self in targets %}{{ self.name }}{% endfor %}", "PC-1PC-2"),
            ("{% with n=failures|length %}{{ n }}{% endwith %}", "1"),
            ("{% with f=targets|first %}{{ f.name }}{% endwith %}", "PC-1"),
            ("{% firstof package name %}", "R&D <Lab>"),
            ("{% comment %}{{ anything }} {% load x %}{% endcomment %}x{# {{ y }} #}", "x"),
        ],
    )  # fmt: skip
    def test_is_what_its_writer_meant(self, source: str, says: str) -> None:
        assert check("text", source) == []
        assert text(source) == says

    def test_is_what_stands_behind_empty_when_there_is_nothing_to_loop_through(self) -> None:
        assert text("{% for t in failures %}x{% empty %}none{% endfor %}", failures=[]) == "none"

    def test_is_escaped_in_html_only(self) -> None:
        assert render("html", "<b>{{ name }}</b>", VALUES) == "<b>R&amp;D &lt;Lab&gt;</b>"
        assert render("subject", "{{ name }}", VALUES) == "R&D <Lab>"

    @pytest.mark.parametrize(
        "source",
        [
            "{{ name|linebreaksbr }}",
            "{{ name|title|upper }}",
            "{{ name|truncatewords:1 }}",
            "{{ package|default:name }}",
            "{% firstof package name %}",
            "{% with n=name %}{{ n|capfirst }}{% endwith %}",
            "{% for t in targets %}{{ t.detail }}{% endfor %}",
            "{{ name|default:'<b>'|linebreaksbr }}",
        ],
    )
    def test_lets_no_reported_tag_into_html(self, source: str) -> None:
        html = render("html", source, {**VALUES, "name": "<script>x</script>"}).replace("<br>", "")
        assert "<" not in html

    def test_lets_no_joined_tag_into_html_either(self) -> None:
        html = render("html", "{{ targets|join:', ' }}", {**VALUES, "targets": ["<i>", "<b>"]})
        assert html == "&lt;i&gt;, &lt;b&gt;"

    def test_shows_a_date_that_no_zone_can_shift(self, settings: Any) -> None:
        settings.TIME_ZONE = "America/New_York"
        first_moment = Moment.of("1 Jan 1", NOW.replace(year=1, month=1, day=1, hour=0))
        assert text("{{ started|date:'j M Y' }}", started=first_moment) == "1 Jan 0001"


class TestWhatIsWrong:
    @pytest.mark.parametrize(
        ("source", "sentence"),
        [
            ("{{ nmae }}", "There is no variable “nmae”; did you mean “name”?"),
            ("{{ name|uper }}", "There is no filter “uper”; did you mean “upper”?"),
            ("{% fro t in targets %}", "There is no tag “fro”; did you mean “for”?"),
            ("{% for t in targets %}{{ t.nam }}{% endfor %}", "“t” has no “nam”; did you mean “name”?"),
            ("{% if x %}{% endif %}", "There is no variable “x”."),
            ("{{ name|default:xyz }}", "There is no variable “xyz”."),
            ("{% for t in targets %}{% endfor %}{{ t.name }}", "There is no variable “t”."),
            ("{% if failed %}x", "The tag “if” is never closed: “endif” is missing."),
            ("{% endif %}", "The tag “endif” does not fit here: nothing is open."),
            ("{% if failed %}{% endfor %}{% endif %}", "The tag “endfor” does not fit here: expected is “endif”."),
            ("{% for t of targets %}{% endfor %}", "Write it as {% for target in targets %}."),
            ("{% for t in name %}{% endfor %}", "A loop goes through a list: targets or failures."),
            ("{% for t in 'abc' %}{% endfor %}", "A loop goes through a list: targets or failures."),
            ("{% with name %}{% endwith %}", "Write it as {% with share=failed_percent %}."),
            ("{% firstof %}", "Write it as {% firstof package name %}."),
            ("{{ targets }}", "“targets” is a list: use {% for target in targets %}, or targets|join."),
            ("{{ targets|upper }}", "“targets” is a list, and the filter “upper” is for texts."),
            ("{{ name", "A “{{” is not closed on its line."),
            ("a\x01", "It has a control character (U+0001), which no mail can carry."),
            ("a\ud800", "It has a control character (U+D800), which no mail can carry."),
            ("x" * 50_001, "It has 50,001 characters; 50,000 are allowed."),
            ("{{ name|upper" + "|upper" * 100 + " }}", "A tag is longer than 500 characters."),
            ("{% if failed %}" * 13, "More than 12 tags stand in each other."),
        ],
    )  # fmt: skip
    def test_is_said_in_a_sentence(self, source: str, sentence: str) -> None:
        assert problem(source) == sentence

    @pytest.mark.parametrize(
        "source",
        ["{{ }}", "{% %}", "{{ name| }}", "{{ name|truncatechars }}", "{{ a b }}", "{% if %}{% endif %}", "{{ 1e }}"],
    )
    def test_is_said_of_broken_expressions_too(self, source: str) -> None:
        assert problem(source).endswith(".")

    def test_comes_with_its_line(self) -> None:
        source = "{{ name }}\n\n{{ nope }}\n{% if failed %}\n{{ no }}{% endif %}\nx\n{% load x %}"
        assert [line for line, _ in check("text", source)] == [3, 5, 7]

    @pytest.mark.parametrize("opening", ["{{", "{%", "{#", "{{ x }} {{"])
    def test_is_a_long_line_of_openings(self, opening: str) -> None:
        assert [line for line, _ in check("html", "x\n" + opening * 9000)] == [2]

    def test_of_a_subject_is_a_second_line(self) -> None:
        assert problem("a\nb", "subject") == "A subject is one line."

    def test_is_found_again_when_it_is_rendered(self) -> None:
        with pytest.raises(TemplateFault, match="Line 2: There is no variable “nope”") as error:
            text("x\n{{ nope }}")
        assert (error.value.line, error.value.sentence) == (2, "There is no variable “nope”.")

    @pytest.mark.parametrize("source", ["", " \n", "{% if failed > 5 %}x{% endif %}"])
    def test_is_an_empty_mail(self, source: str) -> None:
        with pytest.raises(TemplateFault, match="came out empty"):
            text(source)


@pytest.mark.parametrize("field", list(Field))
@pytest.mark.parametrize(
    "source",
    [
        "{{ settings.SECRET_KEY }}",
        "{{ request.user.password }}",
        "{{ messages.storages.0.signer.key }}",
        "{{ name.__class__.__mro__ }}",
        "{{ name.__class__ }}",
        "{{ _name }}",
        "{{ name.format }}",
        "{{ name.upper }}",
        "{{ targets.clear }}",
        "{{ targets.pop }}",
        "{{ targets.0.name }}",
        "{{ total.real.imag }}",
        "{{ started.at.tzinfo }}",
        "{% for t in targets %}{{ t.items }}{{ t.clear }}{% endfor %}",
        "{% for t in targets.0 %}{% endfor %}",
        "{% with x=settings %}{{ x.SECRET_KEY }}{% endwith %}",
        "{% if settings.SECRET_KEY == 'x' %}{% endif %}",
        "{% firstof settings.SECRET_KEY %}",
        "{{ name|default:settings.SECRET_KEY }}",
        "{{ forloop.parentloop }}",
        "{{ block.super }}",
        "{{ name|safe }}",
        "{{ name|ljust:'1000000000' }}",
        "{{ name|center:1000000000 }}",
        "{{ name|stringformat:'1000000000s' }}",
        "{{ name|attr:'__class__' }}",
        "{{ targets|dictsort:'__class__' }}",
        "{{ targets|random }}",
        "{{ targets|pprint }}",
        "{{ name|urlize }}",
        "{{ name|add:name }}",
        "{% load static %}",
        "{% debug %}",
        "{% include 'emails/notification.html' %}",
        "{% extends 'base.html' %}",
        "{% block x %}{% endblock %}",
        "{% now 'Y' %}",
        "{% csrf_token %}",
        "{% url 'home' %}",
        "{% ssi '/etc/passwd' %}",
        "{% templatetag openblock %}",
        "{% autoescape off %}{{ name }}{% endautoescape %}",
        "{% filter upper %}x{% endfilter %}",
        "{% lorem 1000000 w %}",
        "{% cycle 'a' 'b' %}",
        "{% widthratio 1 1 1 %}",
        "{% querystring a=1 %}",
        "{% verbatim %}{{ x }}{% endverbatim %}",
    ],
)
def test_nothing_beyond_the_mail_can_be_reached(source: str, field: Field) -> None:
    assert check(field, source)
    with pytest.raises(TemplateFault):
        render(field, source, VALUES)


def test_what_looks_like_another_languages_template_is_text() -> None:
    source = "${jndi:ldap://x} %s {0.__class__} #{7*7} <%= x %> {name}"
    assert text(source) == source


def test_reported_text_is_never_read_as_a_template() -> None:
    assert text("{{ name }}", name="{{ settings.SECRET_KEY }}{% debug %}") == "{{ settings.SECRET_KEY }}{% debug %}"


class Endless(list[Any]):
    """A list that is as long as one looks."""

    def __iter__(self) -> Iterator[Any]:
        while True:
            yield {"name": "x" * 1000}


class TestWhatItMayCost:
    def test_is_two_loops_in_each_other(self) -> None:
        loop = "{% for t in targets %}"
        assert problem(loop * 3 + "{% endfor %}" * 3) == "More than 2 loops stand in each other."

    def test_is_a_number_of_rounds(self) -> None:
        source = "{% for a in targets %}{% for b in targets %}{% endfor %}{% endfor %}x"
        with pytest.raises(TemplateFault, match="more than 20,000 rounds"):
            text(source, targets=TARGETS * 500)

    @pytest.mark.parametrize(("field", "limit"), [("text", "250,000"), ("html", "500,000"), ("subject", "10,000")])
    def test_is_a_number_of_characters(self, field: str, limit: str) -> None:
        with pytest.raises(TemplateFault, match=f"more than {limit} characters"):
            render(field, "{% for a in targets %}{{ a.name }}{% endfor %}", {"targets": Endless(TARGETS)})

    def test_is_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(language, "SECONDS", 0.0)
        with pytest.raises(TemplateFault, match="longer than 0 s"):
            text("{% for t in targets %}x{% endfor %}")

    def test_is_counted_anew_for_each_mail(self) -> None:
        source = "{% for t in targets %}x{% endfor %}"
        assert [len(text(source, targets=TARGETS * 6000)) for _ in range(3)] == [12_000] * 3

    @pytest.mark.parametrize(
        "source",
        [
            "{% if " + "not " * 120 + "failed %}x{% endif %}",
            "{% if failed" + " or failed" * 45 + " %}x{% endif %}",
            "{{ name|truncatechars:99999999999999999999 }}",
            "{{ failed_percent|floatformat:1000000 }}",
            "{{ failed_percent|floatformat:'-1000000g' }}",
            "{{ 1e999999|floatformat:2 }}x",
            "{{ '1e999999'|floatformat:2 }}",
            "{{ name|yesno:name }}",
            "{{ started|date:'" + "l" * 400 + "' }}",
            "{{ total|truncatewords:name }}",
        ],
    )
    def test_is_little_even_for_tags_made_to_cost(self, source: str) -> None:
        assert check("text", source) == []
        assert len(text(source)) < 5000


PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        " if ",
        " for ",
        " in ",
        "targets",
        "name",
        "|",
        ":",
        "'",
        '"',
        "__",
        ".",
        "end",
        "with",
        "x=",
        "settings",
        "\n",
        "9",
        "verbatim",
        "comment",
        "(",
        "not ",
        "_(",
    ]  # fmt: skip
)


@hypothesis_settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Field)), st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_whatever_is_typed_is_a_text_or_a_sentence(field: Field, source: str) -> None:
    problems = check(field, source)
    assert all(line >= 1 and sentence.endswith((".", "?")) for line, sentence in problems)
    made, fault = made_of(field, source)
    assert bool(made) != bool(fault)
    assert problems or not fault or fault.startswith("It came out empty")
    assert not (problems and made)
    assert settings.SECRET_KEY not in made


def made_of(field: Field, source: str) -> tuple[str, str]:
    try:
        return render(field, source, VALUES), ""
    except TemplateFault as fault:
        return "", fault.sentence
