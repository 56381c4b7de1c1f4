"""What leaves later: at its time, or once its files are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from drafts.serializers import PREFIX
from messaging.api.filters import narrow
from messaging.models import Inbox, Message
from messaging.models.message import Status
from messaging.reading import complete
from project.api.paging import InvalidCursor, cut_page
from project.api.times import spell_time
from project.desk.access import INBOX, Desk, at_desk
from project.desk.attention import troubles_of
from project.desk.late import LateFile, read_late_files
from project.desk.page import render_page
from project.desk.people import recipients_in_short
from project.desk.sidebar import ALL
from project.errors import NotFound
from project.ids import spell

LIMIT = 25
SOONEST = ("send_at", "id")
NEWEST = ("-id",)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A message that has not left; `draft_id` is blank when it was not written as a draft."""

    id: str
    draft_id: str
    message: Message
    people: str
    late: Sequence[LateFile]

    @property
    def instant(self) -> str:
        """When it leaves, for scripts."""
        return spell_time(self.message.send_at) or ""

    @property
    def filenames(self) -> list[str]:
        return [file.filename for file in self.message.enclosures.all() if not file.inline]


@require_safe
@at_desk
def scheduled(request: HttpRequest, desk: Desk, inbox_id: str) -> HttpResponse:
    """Mail that leaves at its time, the soonest first."""
    return _list(request, desk, inbox_id, Status.SCHEDULED, SOONEST)


@require_safe
@at_desk
def waiting(request: HttpRequest, desk: Desk, inbox_id: str) -> HttpResponse:
    """Mail that is due, and waits for files that are on their way; the newest first."""
    return _list(request, desk, inbox_id, Status.WAITING, NEWEST)


def chosen_inbox(request: HttpRequest, desk: Desk, inbox_id: str) -> Inbox | None:
    """The inbox that an address names, which is remembered; None for all. Raises NotFound."""
    if inbox_id == ALL:
        return None
    inbox = desk.inbox(inbox_id)
    request.session[INBOX] = inbox.pk.hex
    return inbox


def query_after(cursor: str | None) -> str:
    """The query of the page that begins behind a cursor; blank without one."""
    return "?" + urlencode({"after": cursor}) if cursor else ""


def _list(
    request: HttpRequest, desk: Desk, inbox_id: str, status: Status, order: Sequence[str]
) -> HttpResponse:
    inbox = chosen_inbox(request, desk, inbox_id)
    inboxes = [inbox] if inbox else desk.inboxes
    found = desk.messages.filter(inbox__in=inboxes)
    if status == Status.SCHEDULED:
        found = found.filter(send_at__isnull=False)  # as the order needs it
    found = narrow(found, {"status": status}, at=timezone.now())
    after = request.GET.get("after")
    try:
        page = cut_page(found, after=after, limit=LIMIT, order=order)
    except InvalidCursor as refusal:
        raise NotFound(refusal.message) from refusal
    context = {
        "rows": _rows(desk, page.rows),
        "is_all": inbox is None,
        "older": query_after(page.next),
        "is_first": not after,
        "troubles": troubles_of(desk, inboxes),
        "here": request.get_full_path(),
    }
    return render_page(
        request, desk, f"{status.value}.html", context, inbox=inbox, place=status.value
    )


def _rows(desk: Desk, messages: Sequence[Message]) -> list[Row]:
    """What the lines say; five queries, however many there are."""
    complete(messages)
    drafts = desk.drafts.filter(message__in=[one.pk for one in messages])
    draft_ids = dict(drafts.values_list("message", "pk"))
    late = read_late_files([file for one in messages for file in one.waiting_for()])
    own = frozenset(inbox.address for inbox in desk.inboxes)
    return [
        Row(
            id=spell("msg", one.pk),
            draft_id=spell(PREFIX, draft_ids[one.pk]) if one.pk in draft_ids else "",
            message=one,
            people=recipients_in_short([*one.to, *one.cc, *one.bcc], own) or "nobody",
            late=[late[file.pk] for file in one.waiting_for()],
        )
        for one in messages
    ]
