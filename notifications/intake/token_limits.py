"""What a token may report: which sources, how often, and links to which hosts."""

from typing import Any

from notifications.intake.links import host_of
from notifications.intake.report import CompletionReport
from notifications.matching.globs import glob_matches
from notifications.models import ApiToken, RateCounter


class SourceNotAllowed(Exception):
    """The token may not report for this source."""


class TooManyReports(Exception):
    """The token has reported as often in this minute as it may; `wait` seconds are left of it."""

    def __init__(self, wait: int, limit: int) -> None:
        super().__init__(f"This token may report {limit:,} times a minute. Send the same again in {wait} seconds.")
        self.wait = wait


def token_of(by: Any) -> ApiToken | None:
    return by if isinstance(by, ApiToken) else None


def refuse_source(token: ApiToken, source: str) -> None:
    """Raises SourceNotAllowed."""
    if token.sources and not any(glob_matches(glob, source) for glob in token.sources):
        allowed = ", ".join(token.sources)
        raise SourceNotAllowed(f"This token may not report for the source “{source}”. Allowed: {allowed}.")


def count_report(token: ApiToken) -> None:
    """In the transaction that stores the report, so that what is not stored is not counted. Raises TooManyReports."""
    limit = token.reports_per_minute
    if limit and (wait := RateCounter.add(f"reports-{token.pk}", limit)):
        raise TooManyReports(wait, limit)


def allowed_link(token: ApiToken | None, report: CompletionReport) -> tuple[str, list[dict[str, str]]]:
    """The report's link, empty where the token may not link to its host, and the report's warnings with that one."""
    url = report.url or ""
    if not url or token is None or not token.link_hosts:
        return url, report.warnings
    host = host_of(url)
    if any(glob_matches(glob, host) for glob in token.link_hosts):
        return url, report.warnings
    message = f"leads to {host[:100]}, to which this token may not link, and was left out"
    return "", [*report.warnings, {"field": "url", "message": message}]
