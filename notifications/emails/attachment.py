"""A file beside a mail's text."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Attachment:
    """`name` is plain ASCII and ours; `content_type` is `text/csv` or the like, `content` UTF-8."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
