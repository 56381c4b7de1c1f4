"""Mail that was not sent, or may not have been: on top until somebody deals with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Value

from drafts.models import Draft
from drafts.serializers import PREFIX
from messaging.models import Inbox, Message, Recipient
from project.desk.access import Desk
from project.desk.people import recipients_in_short
from project.desk.reasons import reasons_of_error
from project.ids import spell

MOST = 5  # of them are shown at once
DRAFT, MESSAGE = "draft", "message"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One mail that wants attention, and why; it has a draft, or a message that is in doubt."""

    subject: str
    people: str
    reasons: Sequence[str]
    draft_id: str = ""
    message_id: str = ""


def troubles_of(desk: Desk, inboxes: Sequence[Inbox]) -> list[Trouble]:
    """What wants attention in some inboxes; one query as a rule, two or three if there is any."""
    open_drafts = desk.drafts.filter(inbox__in=inboxes, message__isnull=True)
    failed = open_drafts.filter(error__isnull=False).order_by()
    doubtful = Recipient.objects.filter(state=Recipient.State.UNKNOWN, at__isnull=False)
    unknown = desk.messages.filter(
        inbox__in=inboxes,
        trashed_at__isnull=True,
        pk__in=doubtful.values("delivery__message"),
    ).order_by()
    found = (
        failed.annotate(kind=Value(DRAFT))
        .values_list("kind", "pk")
        .union(unknown.annotate(kind=Value(MESSAGE)).values_list("kind", "pk"), all=True)[:MOST]
    )
    ids: dict[str, list[UUID]] = {DRAFT: [], MESSAGE: []}
    for kind, id in found:
        ids[kind].append(id)
    drafts = desk.drafts.filter(pk__in=ids[DRAFT]).order_by("-updated_at") if ids[DRAFT] else ()
    messages = desk.messages.filter(pk__in=ids[MESSAGE]).order_by("-pk") if ids[MESSAGE] else ()
    return [*map(_of_draft, drafts), *map(_of_message, messages)]


def _of_draft(draft: Draft) -> Trouble:
    reasons = reasons_of_error(draft.error or {})
    return Trouble(
        subject=draft.subject,
        people=_people(draft),
        reasons=list(dict.fromkeys(reasons)),
        draft_id=spell(PREFIX, draft.pk),
    )


def _of_message(message: Message) -> Trouble:
    return Trouble(
        subject=message.subject,
        people=_people(message),
        reasons=["The connection broke at the last moment; it may have arrived."],
        message_id=spell("msg", message.pk),
    )


def _people(letter: Draft | Message) -> str:
    return recipients_in_short([*letter.to, *letter.cc, *letter.bcc], frozenset())
