"""Where the marks of the dashboard's figures stand: across in per cent of the width, up in pixels from the top."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import log

from notifications.delivery.days import day_of
from notifications.models import MailDay
from notifications.templatetags.panel import duration

HEIGHT = 160.0
# Room above for half of the highest label.
TOP = 10.0
BASE = TOP + HEIGHT
# Of the width that a day has.
BAR = 0.62
# One failure among thousands must still be seen.
LEAST = 3.0
GAP = 1.0
# From the bottom up; the words are those of the legend.
PARTS = (("sent", "sent"), ("cancelled", "cancelled"), ("partly_sent", "partly sent"), ("failed", "failed"))
# Seconds, about evenly spaced on the logarithmic scale of times, which reach from a tenth of a second to days.
STEPS = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 604_800.0)


@dataclass(frozen=True)
class Tick:
    y: float
    label: str


@dataclass(frozen=True)
class Part:
    kind: str
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    """One day; `words` is all that the mark says, for who hovers over it."""

    day: MailDay
    date: date
    left: float
    middle: float
    bar: float
    words: str
    is_today: bool
    parts: tuple[Part, ...] = ()
    # Of the times: the median's and the 95th percentile's place.
    median_y: float | None = None
    p95_y: float | None = None


@dataclass(frozen=True)
class Chart:
    columns: list[Column]
    ticks: list[Tick]
    width: float
    bar_width: float
    is_empty: bool = False
    summary: str = ""


def bars(days: list[MailDay]) -> Chart:
    """Stacked: how many mails were settled on each day, and how."""
    top = ceiling(max(day.total for day in days))
    ticks = [Tick(round(BASE - HEIGHT * value / top, 1), f"{value:,}") for value in sorted({0, top // 2, top})]
    columns = [column(days, place, count_words(day), parts=stack(day, top)) for place, day in enumerate(days)]
    total = sum(day.total for day in days)
    mails = "mail" if total == 1 else "mails"
    summary = f"{total:,} {mails} in {len(days)} days, {sum(day.failed for day in days):,} of them failed."
    return Chart(columns, ticks, *widths(days), is_empty=not total, summary=summary)


def ranges(days: list[MailDay]) -> Chart:
    """From each day's median to its 95th percentile, on a logarithmic scale."""
    known = [(day.median_seconds, day.p95_seconds) for day in days if day.median_seconds is not None]
    low, high = scale([seconds for pair in known for seconds in pair if seconds is not None])
    steps = [step for step in STEPS if low <= step <= high]
    columns = [
        column(
            days,
            place,
            time_words(day),
            median_y=height_of(day.median_seconds, low, high),
            p95_y=height_of(day.p95_seconds, low, high),
        )
        for place, day in enumerate(days)
    ]
    ticks = [Tick(height_of(step, low, high) or 0.0, duration(step)) for step in steps]
    summary = time_words(days[-1]) if days[-1].median_seconds is not None else "No mail was accepted today."
    return Chart(columns, ticks, *widths(days), is_empty=not known, summary=summary)


def column(
    days: list[MailDay],
    place: int,
    words: str,
    *,
    parts: tuple[Part, ...] = (),
    median_y: float | None = None,
    p95_y: float | None = None,
) -> Column:
    width, bar = widths(days)
    return Column(
        day=days[place],
        date=day_of(days[place].starts_at),
        left=round(place * width, 3),
        middle=round((place + 0.5) * width, 3),
        bar=round((place + 0.5) * width - bar / 2, 3),
        words=words,
        is_today=place == len(days) - 1,
        parts=parts,
        median_y=median_y,
        p95_y=p95_y,
    )


def widths(days: list[MailDay]) -> tuple[float, float]:
    return round(100 / len(days), 3), round(100 / len(days) * BAR, 3)


def stack(day: MailDay, top: int) -> tuple[Part, ...]:
    return tuple(pile(day, top))


def pile(day: MailDay, top: int) -> Iterator[Part]:
    """The parts that are there, from the bottom; what the least height adds is taken from the sent ones."""
    counts = {kind: getattr(day, kind) for kind, _ in PARTS if getattr(day, kind)}
    heights = {kind: max(HEIGHT * count / top, LEAST) for kind, count in counts.items()}
    too_much = sum(heights.values()) - HEIGHT
    if too_much > 0 and heights.get("sent", 0.0) > too_much + LEAST:
        heights["sent"] -= too_much
    y = BASE
    for kind, height in heights.items():
        y -= height
        yield Part(kind, round(y, 1), round(max(height - GAP, 1.0), 1))


def ceiling(most: int) -> int:
    """The next of 2, 4, 10, 20, 40, 100 …: each has a round half."""
    top = 2
    while top < most:
        top = top * 5 // 2 if str(top)[0] == "4" else top * 2
    return top


def scale(seconds: list[float]) -> tuple[float, float]:
    """The steps below and above; at least one apart."""
    if not seconds:
        return STEPS[0], STEPS[2]
    low = max((step for step in STEPS if step <= min(seconds)), default=STEPS[0])
    return next(
        ((low, after) for before, after in pairwise(STEPS) if after > low and after >= max(seconds)), (low, STEPS[-1])
    )


def height_of(seconds: float | None, low: float, high: float) -> float | None:
    if seconds is None:
        return None
    share = log(min(max(seconds, low), high) / low) / log(high / low)
    return round(BASE - HEIGHT * share, 1)


def count_words(day: MailDay) -> str:
    counts = [f"{getattr(day, kind):,} {word}" for kind, word in PARTS if getattr(day, kind)]
    return f"{name_of(day)}: {', '.join(counts) or 'no mail'}"


def time_words(day: MailDay) -> str:
    if day.median_seconds is None:
        return f"{name_of(day)}: no mail was accepted"
    half, most = duration(day.median_seconds), duration(day.p95_seconds)
    return f"{name_of(day)}: half of the mails within {half}, 95% within {most}"


def name_of(day: MailDay) -> str:
    date = day_of(day.starts_at)
    return f"{date:%a} {date.day} {date:%b}"
