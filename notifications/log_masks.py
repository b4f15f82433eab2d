"""What must not be in a log: links that let their reader in, and secrets that another side repeated."""

import logging
import re

from notifications.masking import mask

# Django logs the path of every answer from 400 on: a password too short, and the link that is still good is on disk.
LINKS = re.compile(r"/(setup|invitation)/[^/\s\"']+")


class WithoutLinks(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if LINKS.search(text):
            record.msg, record.args = LINKS.sub(r"/\1/…", text), ()
        return True


class WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if (masked := mask(text)) != text:
            record.msg, record.args = masked, ()
        if record.exc_info:
            # An exception's message may be a server's text.
            record.exc_text = mask(record.exc_text or logging.Formatter().formatException(record.exc_info))
        return True
