"""Listen for mail, by SMTP or LMTP."""

from __future__ import annotations

import asyncio
import signal
import ssl
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from messaging.receiving.arrivals import MAX_RAW_BYTES
from messaging.receiving.door import TIMEOUT_SECONDS, Doors, LmtpDoor, SmtpDoor

PATIENCE_SECONDS = 30  # for conversations that are going on when it is asked to stop


class Command(BaseCommand):
    help = "Listen for mail for the inboxes of this installation, until told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default=settings.BIND)
        parser.add_argument("--port", type=int, default=settings.MAIL_PORT)
        parser.add_argument("--lmtp", action="store_true", help="speak LMTP instead of SMTP")

    def handle(self, *, bind: str, port: int, lmtp: bool, **options: Any) -> None:
        asyncio.run(self.serve(bind=bind, port=port, door=LmtpDoor if lmtp else SmtpDoor))

    async def serve(self, *, bind: str, port: int, door: type[SmtpDoor | LmtpDoor]) -> None:
        doors, stop = Doors(), asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, stop.set)
        make = partial(
            door,
            doors,
            hostname=settings.MAIL_HOSTNAME,
            ident="Enclose",
            data_size_limit=MAX_RAW_BYTES,
            enable_SMTPUTF8=True,
            timeout=TIMEOUT_SECONDS,
            tls_context=tls_context(),
            loop=loop,
        )
        server = await loop.create_server(make, bind, port)
        self.stdout.write(f"listening for mail at {bind}:{port}")
        self.stdout.flush()
        await stop.wait()
        server.close()
        until = loop.time() + PATIENCE_SECONDS
        while doors.open and loop.time() < until:
            await asyncio.sleep(0.05)


def tls_context() -> ssl.SSLContext | None:
    """What STARTTLS is offered with; None without a certificate."""
    if not settings.MAIL_TLS_CERTIFICATE:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.MAIL_TLS_CERTIFICATE, settings.MAIL_TLS_KEY or None)
    return context
