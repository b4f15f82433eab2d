"""Text for one line of a header."""

from notifications.addresses import FORBIDDEN

SUBJECT_LIMIT = 200


def one_line(text: str, limit: int | None = None) -> str:
    """Without controls and line ends of any kind, blanks collapsed, cut with an ellipsis beyond `limit` characters."""
    text = " ".join(FORBIDDEN.sub(" ", text).split())
    return text if limit is None or len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
