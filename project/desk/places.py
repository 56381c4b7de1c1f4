"""The conversations of a place: a folder, what is starred, what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from messaging.mailbox import Line, lying_in, newest_of_each, read_lines, starred_in
from messaging.models import Folder, Inbox, Message
from messaging.models.message import Direction, MessageQuerySet, Status
from messaging.reading import complete
from project.api.paging import InvalidCursor, cursor_of, cut_page
from project.desk.access import INBOX, Desk, at_desk
from project.desk.attention import troubles_of
from project.desk.page import render_page
from project.desk.people import recipients_in_short, senders_in_short
from project.desk.protection import offers_mfa
from project.desk.sidebar import ALL, PLACES
from project.desk.wanted import Term, chips_of, read_terms
from project.errors import NotFound
from project.ids import read, spell

LIMIT = 50
STARRED = "starred"
QUIET = (Status.SENT, Status.RECORDED, Status.RECEIVED)  # what need not be said of a message

#: what an empty place says
EMPTY = {
    "inbox": "Nothing to read. New mail appears here.",
    "starred": "Nothing is starred. Star what you want to find again.",
    "sent": "Nothing has been sent yet.",
    "archive": "Nothing is archived.",
    "trash": "The trash is empty.",
}


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where somebody looks: at a place of one inbox, or of all."""

    name: str
    inbox: Inbox | None  # None: all of them
    inboxes: Sequence[Inbox]
    folders: Sequence[Folder]  # of these inboxes
    lists: Sequence[MessageQuerySet]  # what lies there, for each inbox

    @property
    def inbox_id(self) -> str:
        return spell("inb", self.inbox.pk) if self.inbox else ALL

    @property
    def url(self) -> str:
        return reverse("desk:place", args=[self.inbox_id, self.name])

    @property
    def label(self) -> str:
        """What the place is called."""
        if self.name in PLACES:
            return PLACES[self.name][0]
        wanted = read("fol", self.name)
        return next(folder.name for folder in self.folders if folder.pk == wanted)

    @property
    def is_trash(self) -> bool:
        return self.name == Folder.Role.TRASH

    @property
    def is_inbox(self) -> bool:
        """Whether what lies there can be archived."""
        return self.name not in (Folder.Role.SENT, Folder.Role.ARCHIVE, Folder.Role.TRASH)

    @property
    def targets(self) -> list[tuple[str, str]]:
        """The folders to which one can move what lies there: id and name."""
        if self.inbox is None:
            return []
        fixed = (Folder.Role.SENT, Folder.Role.TRASH)
        return [
            (spell("fol", folder.pk), folder.name)
            for folder in self.folders
            if folder.role not in fixed and folder.role != self.name
        ]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the list."""

    line: Line
    id: str
    url: str
    people: str
    status: str  # blank when there is nothing to say

    @property
    def moment(self) -> datetime:
        message = self.line.message
        return message.sent_at or message.created_at

    @property
    def day(self) -> str:
        """When that was, for those without script: 4 Jan 2027.

        Django's filter takes 0.1 ms for it, which is a tenth of a page of fifty.
        """
        return f"{self.moment.day} {self.moment:%b %Y}"


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A page of a list, and the queries of the pages beside it; blank where it ends."""

    messages: Sequence[Message]
    newer: str
    older: str


@require_safe
@at_desk
def place(request: HttpRequest, desk: Desk, inbox_id: str, name: str) -> HttpResponse:
    """The conversations of a place, or what a search finds."""
    spot = read_spot(desk, inbox_id, name)
    if spot.inbox and request.session.get(INBOX) != spot.inbox.pk.hex:
        request.session[INBOX] = spot.inbox.pk.hex
    query = request.GET.get("q", "").strip()
    terms = read_terms(query)
    lists = _found(desk, spot, terms) if terms else spot.lists
    cut = _cut([newest_of_each(rows) for rows in lists], request, query)
    visible = desk.messages.filter(trashed_at__isnull=not spot.is_trash)
    context = {
        "spot": spot,
        "query": query,
        "chips": chips_of(terms, spot.url),
        "covers": _covers(spot),
        "rows": _rows(spot, read_lines(cut.messages, visible)),
        "newer": cut.newer,
        "older": cut.older,
        "empty": "Nothing fits." if terms else EMPTY.get(name, "Nothing is in this folder."),
        "here": request.get_full_path(),
        "troubles": troubles_of(desk, spot.inboxes),
        "offers_mfa": offers_mfa(desk.user),
    }
    return render_page(request, desk, "list.html", context, inbox=spot.inbox, place=name)


def read_spot(desk: Desk, inbox_id: str, name: str) -> Spot:
    """A place by its address; one query. Raises NotFound."""
    inbox = None if inbox_id == ALL else desk.inbox(inbox_id)
    inboxes = [inbox] if inbox else desk.inboxes
    folders = list(Folder.objects.filter(inbox__in=inboxes).order_by("role", "name"))
    if name == STARRED:
        lists = [starred_in(desk.messages, one) for one in inboxes]
    elif name in Folder.Role.values and name:
        lists = [lying_in(desk.messages, folder) for folder in folders if folder.role == name]
    else:
        id = read("fol", name)
        lists = [lying_in(desk.messages, folder) for folder in folders if folder.pk == id]
        if not lists:
            raise NotFound(f"There is no folder {name} here.")
    return Spot(name=name, inbox=inbox, inboxes=inboxes, folders=folders, lists=lists)


def _found(desk: Desk, spot: Spot, terms: Sequence[Term]) -> list[MessageQuerySet]:
    """What fits all of the terms: in the whole inbox but the trash, or in the trash."""
    at = timezone.now()
    found = []
    for inbox in spot.inboxes:
        rows = desk.messages.filter(inbox=inbox)
        trash = next(one.pk for one in spot.folders if _is_trash_of(one, inbox))
        for term in terms:
            rows = term.narrow(rows, at=at, **({"folder_id": trash} if spot.is_trash else {}))
        found.append(rows)
    return found


def _is_trash_of(folder: Folder, inbox: Inbox) -> bool:
    return folder.role == Folder.Role.TRASH and folder.inbox_id == inbox.pk


def _covers(spot: Spot) -> str:
    if spot.is_trash:
        return "Searches subject, sender and text of what is in the trash."
    whole = "this inbox" if spot.inbox else "all inboxes"
    return f"Searches subject, sender and text of {whole}, not the trash."


def _cut(lists: Sequence[MessageQuerySet], request: HttpRequest, query: str) -> Cut:
    """The page that `after` or `before` names, out of lists that each have their own order.

    Raises NotFound for a cursor that no list gave.
    """
    before, after = request.GET.get("before"), request.GET.get("after")
    order = ("id",) if before else ("-id",)
    try:
        pages = [cut_page(one, after=before or after, limit=LIMIT, order=order) for one in lists]
    except InvalidCursor as refusal:
        raise NotFound(refusal.message) from refusal
    together = [message for page in pages for message in page.rows]
    found = sorted(together, key=lambda one: one.pk, reverse=not before)[:LIMIT]
    is_more = len(together) > LIMIT or any(page.next for page in pages)
    if before:
        found.reverse()
    return Cut(
        messages=found,
        newer=_beside("before", found[:1], query) if after or (before and is_more) else "",
        older=_beside("after", found[-1:], query) if before or is_more else "",
    )


def _beside(direction: str, edge: Sequence[Message], query: str) -> str:
    """The query of the page beside the message at the edge; blank without one."""
    if not edge:
        return ""
    return "?" + urlencode({**({"q": query} if query else {}), direction: cursor_of(edge[0])})


def _rows(spot: Spot, lines: Sequence[Line]) -> list[Row]:
    own = frozenset(inbox.address for inbox in spot.inboxes)
    sent = [line.message for line in lines if line.message.direction == Direction.OUTBOUND]
    complete(sent)
    at = timezone.now()
    statuses = {message.pk: message.status_at(at) for message in sent}
    return [
        Row(
            line=line,
            id=spell("thr", _thread_of(line)),
            url=_url_of(spot, line),
            people=_people(spot, line, own),
            status=_status(statuses.get(line.message.pk)),
        )
        for line in lines
    ]


def _thread_of(line: Line) -> UUID:
    assert line.message.thread_id
    return line.message.thread_id


def _url_of(spot: Spot, line: Line) -> str:
    url = reverse("desk:conversation", args=[spell("thr", _thread_of(line))])
    return f"{url}?trash=true" if spot.is_trash else url


def _people(spot: Spot, line: Line, own: frozenset[str]) -> str:
    if spot.name == Folder.Role.SENT:
        return f"To: {recipients_in_short(line.message.to, own) or 'nobody'}"
    return senders_in_short(line.senders)


def _status(status: Status | None) -> str:
    return status.label if status and status not in QUIET else ""
