"""What the clock does to the outbox.

Everything here only makes visible, or speeds up, what the claim and the gate decide by
themselves; each step is a short transaction over a bounded number of rows, and may run anywhere
at any time, in several workers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from attachments.models import AttachmentState
from messaging.mime.assembly import assemble
from messaging.models import Attempt, Delivery, Message, MessageAttachment, Recipient
from messaging.models.message import OPEN
from messaging.outbox.drain import deliver_due
from messaging.outbox.record import BACK_OFF, DEADLINE, IN_DOUBT
from messaging.outbox.transport import LOCAL, REHEARSAL
from messaging.pausing import end_pauses
from messaging.poke import poke_outbox
from messaging.rules import release_overdue
from project.events.models import Event
from project.events.services import emit, happened, on

BATCH = 500
LEFT = (Recipient.State.PENDING, Recipient.State.DEFERRED)
NEVER_READY = (AttachmentState.REFUSED, AttachmentState.GONE)
#: said of a recipient to whom a mail of a restored backup may have gone
RESTORED = "This was restored from a backup, since when the mail may have left, or not."


def tick() -> None:
    """Tidy, then send what is due."""
    sweep()
    deliver_due()


def sweep() -> None:
    """Doubt what died past the point of no return; park, un-park and fail what waits for files;
    end pauses and holds whose time has come.
    """
    doubt_the_dead()
    end_pauses()
    release_overdue()
    park_gated()
    unpark()
    fail_hopeless()


def doubt_the_dead() -> int:
    """Deliveries whose worker died between the commit of `data` and that of the reply.

    Nobody can know whether their mail was taken: it is not sent again by itself.
    """
    with transaction.atomic(savepoint=False):
        rows = _some(Delivery.objects.filter(state=Delivery.State.DATA, due_at__lte=Now()))
        ids = [row.pk for row in rows]
        if not ids:
            return 0
        Recipient.objects.filter(delivery__in=ids, state=Recipient.State.PENDING).update(
            state=Recipient.State.UNKNOWN, reply=IN_DOUBT, at=Now()
        )
        deferred = Recipient.objects.filter(delivery=OuterRef("pk"), state=Recipient.State.DEFERRED)
        swept = Delivery.objects.filter(pk__in=ids)
        swept.filter(Exists(deferred)).update(
            state=Delivery.State.QUEUED, due_at=Now() + BACK_OFF[0], deadline=DEADLINE
        )
        swept.filter(state=Delivery.State.DATA).update(
            state=Delivery.State.DONE, due_at=None, done_at=Now()
        )
        _note_doubt(rows, IN_DOUBT)
    return len(ids)


def doubt_what_was_due() -> int:
    """Deliveries of a restored backup that have been due since it was made; gives how many.

    They may have left before the restored database was lost: who they were for is in doubt, and
    a person decides. So it is with what a worker had just then, whatever its lease says. What
    stays in the house goes on: where it had arrived was lost with the rest.
    """
    at_work = Q(state__in=(Delivery.State.WAITING, Delivery.State.CLAIMED, Delivery.State.DATA))
    due = Delivery.objects.open().filter(at_work | Q(due_at__lte=Now()))
    doubted = 0
    while True:
        with transaction.atomic(savepoint=False):
            rows = _some(due.exclude(route__in=(LOCAL, REHEARSAL)))
            ids = [row.pk for row in rows]
            Recipient.objects.filter(delivery__in=ids, state__in=LEFT).update(
                state=Recipient.State.UNKNOWN, reply=RESTORED, at=Now()
            )
            Delivery.objects.filter(pk__in=ids).update(
                state=Delivery.State.DONE, due_at=None, done_at=Now(), attempts=F("attempts") + 1
            )
            for row in rows:
                row.attempts += 1  # the one that nobody here has seen
            _note_doubt(rows, RESTORED)
        if not rows:
            return doubted
        doubted += len(rows)


def park_gated() -> int:
    """Due deliveries that a file holds back: out of the claim's way, visibly waiting.

    Also those whose worker died with them: nobody will claim them again.
    """
    idle = (Delivery.State.QUEUED, Delivery.State.CLAIMED)
    with transaction.atomic(savepoint=False):
        rows = _some(Delivery.objects.filter(state__in=idle, due_at__lte=Now()).gated())
        parked = Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Delivery.State.WAITING, due_at=None
        )
        emit(*_events("message.waiting", rows))
    return parked


def unpark(attachment_ids: Iterable[UUID] | None = None) -> int:
    """Waiting deliveries all of whose files are ready are due now.

    With ids only those that these attachments have held back. A crossing of this with `park_gated`
    costs one tick.
    """
    with transaction.atomic(savepoint=False):
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING).ungated()
        if attachment_ids is not None:
            waiting = waiting.filter(_carries(attachment_id__in=list(attachment_ids)))
        rows = _some(waiting)
        freed = Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=Delivery.State.QUEUED, due_at=Now()
        )
        if freed:
            poke_outbox.on_commit()
    return freed


def fail_hopeless(attachment_ids: Iterable[UUID] | None = None) -> int:
    """Deliveries whose file will never be ready, or has not come until the deadline.

    With ids only, and at once, those that carry these attachments, scheduled ones included.
    """
    with transaction.atomic(savepoint=False):
        if attachment_ids is None:
            hopeless = Delivery.objects.filter(state=Delivery.State.WAITING).filter(
                Q(deadline__lte=Now()) | _carries(attachment__state__in=NEVER_READY)
            )
            hopeless = hopeless.gated()  # what came in the last moment is sent, not failed
        else:
            hopeless = Delivery.objects.filter(
                _carries(attachment__state__in=NEVER_READY, attachment_id__in=list(attachment_ids)),
                state__in=(Delivery.State.QUEUED, Delivery.State.WAITING),
            )
        rows = _some(hopeless)
        reasons = _reasons(row.message_id for row in rows)
        for row in rows:
            reason = reasons[row.message_id]
            Delivery.objects.filter(pk=row.pk).update(
                state=Delivery.State.FAILED, due_at=None, done_at=Now(), reason=reason
            )
            Recipient.objects.filter(delivery=row, state__in=LEFT).update(
                state=Recipient.State.REFUSED, code=None, reply=reason, at=Now()
            )
        emit(*_events("message.failed", rows, reasons))
    return len(rows)


@on("attachment.ready")
def unpark_at_once(events: list[Event]) -> None:
    """A file has come: what it was the last to hold back need not wait for the clock.

    What a file is, and with it how it is written, may only be known now: the mail is measured
    again.
    """
    ids = [event.subject_id for event in events]
    # Two steps: a new upload, which no message carries, costs one look into one index.
    carrying = set(
        MessageAttachment.objects.filter(attachment__in=ids)
        .order_by()
        .values_list("message_id", flat=True)
    )
    if not carrying:
        return
    held = Delivery.objects.filter(message__in=carrying, state__in=OPEN)
    messages = list(Message.objects.in_full().filter(pk__in=held.values("message_id")))
    for message in messages:
        Message.objects.filter(pk=message.pk).update(size=assemble(message).size)
    if messages:
        unpark(ids)


@on("attachment.refused", "attachment.expired")
def fail_at_once(events: list[Event]) -> None:
    """A file will never come: say so now."""
    fail_hopeless([event.subject_id for event in events])


def _some(rows: models.QuerySet[Delivery]) -> list[Delivery]:
    locked = rows.order_by("pk").select_for_update(skip_locked=True, of=("self",), no_key=True)
    return list(locked.select_related("message")[:BATCH])


def _note_doubt(rows: Sequence[Delivery], words: str) -> None:
    """Write into the history of deliveries, and into the log, that nobody knows if they left."""
    now = timezone.now()
    Attempt.objects.bulk_create(
        Attempt(
            delivery=row,
            number=row.attempts,
            outcome=Attempt.Outcome.UNKNOWN,
            reply=words,
            started_at=now,
            ended_at=now,
        )
        for row in rows
    )
    emit(*_events("message.unknown", rows))


def _carries(**lookups: object) -> Exists:
    return Exists(
        MessageAttachment.objects.filter(message_id=OuterRef("message_id"), in_mail=True, **lookups)
    )


def _reasons(message_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Per message which files keep it, and why."""
    ids = list(message_ids)
    unready = MessageAttachment.objects.unready().filter(message_id__in=ids)
    words: dict[UUID, list[str]] = {id: [] for id in ids}
    for row in unready.select_related("attachment"):
        file = row.attachment
        if file.state in NEVER_READY:
            why = (file.reason or file.state).rstrip(".")
            words[row.message_id].append(f"{row.filename}: {why}")
        elif file.state == AttachmentState.STORED:
            why = f": {file.reason.rstrip('.')}" if file.reason else ""
            words[row.message_id].append(f"{row.filename} has not been checked in time{why}")
        else:
            words[row.message_id].append(f"{row.filename} has not been uploaded in time")
    return {id: "Not sent: " + "; ".join(some) + "." for id, some in words.items()}


def _events(
    kind: str, rows: Sequence[Delivery], reasons: dict[UUID, str] | None = None
) -> list[Event]:
    return [
        happened(
            kind,
            workspace_id=row.message.workspace_id,
            subject_id=row.message_id,
            payload={"route": row.route, "reason": (reasons or {}).get(row.message_id, "")},
        )
        for row in rows
    ]
