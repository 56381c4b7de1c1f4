"""All that is known of one message, but for what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from messaging.models import Attempt, Delivery, Message, MessageAttachment
from project.events.models import Event, WebhookDelivery

MANY = 200  # lines of one kind that a page shows


@dataclass(frozen=True)
class Piece:
    """A part of the mail, and the parts inside of it."""

    name: str
    content_type: str
    size: int | None
    notes: str
    parts: Sequence[Piece] = ()
    attachment_id: UUID | None = None  # of a file


@dataclass(frozen=True, kw_only=True)
class Dossier:
    """What its page shows of a message."""

    events: Sequence[Event]  # the latest first
    deliveries: Sequence[Delivery]  # with their recipients
    attempts: Sequence[Attempt]
    told: Sequence[WebhookDelivery]
    pieces: Sequence[Piece]
    headers: Sequence[tuple[str, str]]


def dossier_of(message: Message) -> Dossier:
    """The dossier of a message; six queries."""
    told = WebhookDelivery.objects.filter(event__subject_id=message.pk)
    attempts = Attempt.objects.filter(delivery__message=message)
    return Dossier(
        events=list(Event.objects.filter(subject_id=message.pk).order_by("-position")[:MANY]),
        deliveries=list(message.deliveries.prefetch_related("recipients").order_by("pk")),
        attempts=list(attempts.order_by("-pk")[:MANY]),
        told=list(told.select_related("endpoint").defer("body").order_by("-pk")[:MANY]),
        pieces=_pieces(message),
        headers=_headers(message),
    )


def _pieces(message: Message) -> list[Piece]:
    rows = list(message.enclosures.select_related("attachment").order_by("position"))
    by_container: dict[UUID | None, list[MessageAttachment]] = {}
    for row in rows:
        by_container.setdefault(row.container_id, []).append(row)
    return [*_bodies(message), *_files(None, by_container)]


def _bodies(message: Message) -> list[Piece]:
    """Which bodies there are: the words themselves are not read."""
    own = Message.objects.filter(pk=message.pk)
    found = {
        "text/plain": own.filter(text__isnull=False).exists(),
        "text/html": own.filter(html__isnull=False).exists(),
    }
    return [Piece("body", kind, None, "") for kind, is_there in found.items() if is_there]


def _files(
    container: UUID | None, by_container: dict[UUID | None, list[MessageAttachment]]
) -> list[Piece]:
    return [
        Piece(
            name=row.filename,
            content_type=row.attachment.content_type,
            size=row.attachment.size,
            notes=", ".join(_notes(row)),
            parts=_files(row.pk, by_container),
            attachment_id=row.attachment_id,
        )
        for row in by_container.get(container, ())
    ]


def _notes(row: MessageAttachment) -> list[str]:
    return [
        row.attachment.state,
        *(["inline"] if row.inline else []),
        *([f"cid:{row.content_id}"] if row.content_id else []),
        *([] if row.in_mail else ["not in the mail"]),
    ]


def _headers(message: Message) -> list[tuple[str, str]]:
    """The header as its rows have it; of a mail that came in, the raw bytes have the whole."""
    people = {"To": message.to, "Cc": message.cc, "Bcc": message.bcc, "Reply-To": message.reply_to}
    sender = f"{message.from_name} <{message.from_email}>" if message.from_name else None
    found = [
        ("From", sender or message.from_email),
        *((name, ", ".join(one["email"] for one in some)) for name, some in people.items()),
        ("Subject", message.subject),
        ("Date", message.date.isoformat()),
        ("Message-ID", message.rfc_message_id),
        ("In-Reply-To", message.in_reply_to),
        ("References", " ".join(message.references)),
        *((str(name), str(value)) for name, value in message.headers.items()),
    ]
    return [(name, value) for name, value in found if value]
