"""The inbox's SMTP server."""

import asyncio
import contextlib
import logging
import os
import signal

from aiosmtpd.smtp import SMTP, Envelope, Session

from notifications.capture import store

SIZE_LIMIT = 40 * 1024 * 1024
# RFC 5321 has 1,000, but this is the server to find out with what a device sends.
LINE_LIMIT = 1024 * 1024
RETRY_SECONDS = 3.0
# The sender of a bounce, as aiosmtpd has it.
NOBODY = "<>"

logger = logging.getLogger(__name__)


class Keeper:
    """Takes every mail for every recipient."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.original_content or b""
        sender = (envelope.mail_from or "").replace(NOBODY, "")
        try:
            key = await asyncio.to_thread(store.add, sender, envelope.rcpt_tos, content)
        except OSError as error:
            logger.error("a mail could not be kept: %s", error)
            return "452 4.3.1 The inbox cannot write to its folder"
        return f"250 2.0.0 Kept as {key}"


async def serve(host: str, port: int) -> None:
    """Until SIGTERM or SIGINT. A port that somebody else has is asked for again and again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            server = await loop.create_server(protocol, host, port)
        except OSError as error:
            logger.error("The capture inbox cannot listen on %s port %s: %s", host, port, os.strerror(error.errno or 0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
            continue
        logger.info("The capture inbox listens on %s port %s", host, port)
        await stop.wait()
        server.close()


class InboxServer(SMTP):
    line_length_limit = LINE_LIMIT


def protocol() -> SMTP:
    # A host name of its own: aiosmtpd would ask the DNS for one.
    return InboxServer(
        Keeper(), data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=False, hostname="localhost", ident="mailadmin inbox"
    )
