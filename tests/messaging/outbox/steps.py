"""What tests of the outbox do between two looks at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from django.db.models import F

from attachments.models import Attachment
from attachments.services import fill_attachment
from messaging.models import Attempt, Delivery, Message
from messaging.outbox.claim import Claim
from messaging.outbox.drain import Drain, deliver_due
from project.events.models import Event
from tests.attachments.make import make_incoming
from tests.messaging.make import delivery_of
from tests.services.smtp_record import Transaction
from tests.services.smtp_sink import SmtpSink

T = TypeVar("T")


def let_hours_pass(hours: float = 5, **which: object) -> None:
    """Age what a clock looks at: leases, back-offs, schedules."""
    Delivery.objects.filter(due_at__isnull=False, **which).update(
        due_at=F("due_at") - timedelta(hours=hours)
    )


def let_deadline_pass(message: Message) -> None:
    Delivery.objects.filter(message=message).update(deadline=F("deadline") - timedelta(days=3))


def try_again() -> None:
    """Send what has been put off."""
    let_hours_pass()
    deliver_due()


def claim_of(message: Message) -> Claim:
    """What the worker knows that holds a message's delivery."""
    delivery = delivery_of(message)
    assert delivery.claim
    return Claim(delivery.pk, delivery.claim)


def state_of(message: Message) -> str:
    return delivery_of(message).state


def history_of(message: Message) -> list[tuple[int, str]]:
    """Number and outcome of each attempt."""
    rows = Attempt.objects.filter(delivery__message=message).order_by("number", "id")
    return list(rows.values_list("number", "outcome"))


def events_of(message: Message) -> list[str]:
    """What the log says of a message, without its acceptance."""
    rows = Event.objects.filter(subject_id=message.pk).exclude(kind="message.accepted")
    return [
        kind.removeprefix("message.") for kind in rows.in_order().values_list("kind", flat=True)
    ]


def kept_of(sink: SmtpSink, message: Message) -> list[Transaction]:
    """How often a message arrived."""
    return [mail for mail in sink.kept if mail.message_id == message.rfc_message_id]


def trust(sink: SmtpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a sink's own certificate good in our eyes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(sink.certificate))


def turn(file: Attachment, state: str) -> None:
    """Set a file's state behind everybody's back; its bytes stay where they are."""
    Attachment.objects.filter(pk=file.pk).update(state=state)


def together(*works: Callable[[], T]) -> list[T]:
    """Run all at the same moment, each in a thread with a database connection of its own."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        connection.ensure_connection()
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(_with_connection, run, work) for work in works]
        return [future.result() for future in futures]


@contextmanager
def worker(sink: SmtpSink, work: Callable[[], object] | None = None) -> Iterator[None]:
    """Another worker, at work until it has nothing to do; its connections are all its own."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_with_connection, work or (lambda: Drain().run()))
        try:
            yield
            future.result(timeout=20)
        finally:
            if not future.done():
                sink.holds.release_all()


def _with_connection(work: Callable[..., T], *words: Any) -> T:
    with closing(connection):
        return work(*words)


@contextmanager
def refused(kind: type[Exception], **words: str) -> Iterator[pytest.ExceptionInfo[Any]]:
    """A service refuses, and its transaction is rolled back."""
    with pytest.raises(kind, **words) as refusal, transaction.atomic():
        yield refusal


def many(few: int, full: int) -> int:
    """How many rounds of a race to run: few here, the full number when CI is set."""
    return full if os.environ.get("CI") else few


def fill(file: Attachment, content: bytes) -> None:
    """Let the bytes of a reserved file come."""
    with make_incoming(content) as incoming:
        fill_attachment(attachment=file, incoming=incoming)
