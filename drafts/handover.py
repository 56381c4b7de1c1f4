"""Between a draft and the message that it becomes: handing over, and taking back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from attachments.limits import Limits
from drafts.check import Check, check_draft
from drafts.errors import CheckFailed, DraftDispatched, NotSchedulable, TimeOutOfRange
from drafts.models import Draft, DraftState
from drafts.versions import Overtaken, assign, save
from messaging.acceptance import Filing
from messaging.models import Delivery, Message
from messaging.models.message import Channel
from messaging.services import record_message, send_message, withdraw_message
from project.events.services import emit, happened
from project.ids import spell

LONG_PAST = timedelta(days=1)  # before that it is a mistake, and not a late request
FAR_AHEAD = timedelta(days=5 * 366)


def due_time(*, send_at: datetime | None, undo_seconds: int, now: datetime) -> datetime | None:
    """When it leaves: at `send_at`, and not before there was time to undo; None: now.

    A time that is just over means now. Raises TimeOutOfRange, and ValueError for a naive time.
    """
    moments = [now + timedelta(seconds=undo_seconds)]
    if send_at is not None:
        if send_at.tzinfo is None:
            raise ValueError("A time to send at needs an offset.")
        if not now - LONG_PAST <= send_at <= now + FAR_AHEAD:
            raise TimeOutOfRange("This time is long past, or very far ahead.", field="send_at")
        moments.append(send_at)
    due_at = max(moments)
    return due_at if due_at > now else None


def check_not_dispatched(draft: Draft) -> None:
    """Raises DraftDispatched, and Overtaken if that was read while the draft was reopened."""
    if draft.state_at(timezone.now()) != DraftState.DISPATCHED:
        return
    if Draft.objects.filter(pk=draft.pk, version=draft.version).exists():
        raise DraftDispatched
    raise Overtaken


def take_back(draft: Draft, **columns: Any) -> bool:
    """Withdraw the draft's message and save columns; False, and nothing done, if it has none.

    Its files must be locked. Raises DraftDispatched, TooLate and Overtaken.
    """
    message = draft.message
    if message is None:
        return False
    check_not_dispatched(draft)
    # The worker that fails a message has its deliveries when it reopens the draft: same order.
    deliveries = Delivery.objects.filter(message=message).order_by("pk")
    list(deliveries.select_for_update(no_key=True).values_list("pk"))
    save(draft, **columns, message=None)
    withdraw_message(message=message)
    return True


def hand_over(draft: Draft, *, limits: Limits, due_at: datetime | None) -> None:
    """Send a draft whose files are locked, or record it if it is a note, and save it.

    Raises CheckFailed, NotSchedulable, DraftDispatched, TooLate, Overtaken.
    """
    if draft.channel == Channel.NOTE and due_at is not None:
        raise NotSchedulable("A note is recorded at once.", field="send_at")
    check = check_draft(draft=draft, limits=limits)
    if not check.ok:
        raise failed(check)
    columns = {"send_at": due_at, "error": None}
    if take_back(draft, **columns):
        _point_to(draft, _message_of(draft, limits=limits, due_at=due_at))
    else:
        save(draft, **columns, message=_message_of(draft, limits=limits, due_at=due_at))
    _announce(draft)


def hand_over_again(draft: Draft, *, limits: Limits) -> None:
    """Send a draft that was taken back to be edited, at the time that stands.

    When it can no longer be sent as it is now, the edit stays, and the draft is open and says why.
    """
    check = check_draft(draft=draft, limits=limits)
    if check.ok:
        _point_to(draft, _message_of(draft, limits=limits, due_at=draft.send_at))
        return
    problem = check.errors[0].message
    error = {"code": CheckFailed.code, "message": f"It will not be sent as it is now. {problem}"}
    columns = {"send_at": None, "error": error}
    Draft.objects.filter(pk=draft.pk).update(**columns)
    assign(draft, columns)
    _say(draft, "draft.failed", error)


def failed(check: Check) -> CheckFailed:
    """The refusal of a draft with errors; the first of them speaks for all."""
    first = check.errors[0]
    return CheckFailed(
        first.message,
        field=first.field,
        limit=first.limit,
        actual=first.actual,
        findings=[finding.spelt() for finding in check.findings],
    )


def _message_of(draft: Draft, *, limits: Limits, due_at: datetime | None) -> Message:
    assert draft.inbox is not None  # the check has seen to it
    filing = Filing(
        thread=draft.thread,
        in_reply_to=draft.in_reply_to,
        customer=draft.customer,
        tags=draft.tags,
        metadata=draft.metadata,
        channel=draft.channel,
        annotations=draft.annotations,
    )
    if draft.channel == Channel.NOTE:
        return record_message(
            inbox=draft.inbox,
            letter=draft.letter,
            enclosures=draft.carried,
            limits=limits,
            filing=filing,
        )
    return send_message(
        inbox=draft.inbox,
        letter=draft.letter,
        enclosures=draft.carried,
        limits=limits,
        filing=filing,
        due_at=due_at,
    )


def _point_to(draft: Draft, message: Message) -> None:
    Draft.objects.filter(pk=draft.pk).update(message=message)
    draft.message = message


def _announce(draft: Draft) -> None:
    files = [spell("att", file.pk) for file in draft.waiting_for()]
    if draft.send_at is not None:
        _say(draft, "draft.scheduled", {"send_at": draft.send_at.isoformat()})
    elif files:
        _say(draft, "draft.waiting", {"waiting_for": files})


def _say(draft: Draft, kind: str, payload: dict[str, Any]) -> None:
    emit(happened(kind, workspace_id=draft.workspace_id, subject_id=draft.pk, payload=payload))
