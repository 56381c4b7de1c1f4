"""What is being written: the list of drafts, and letting go of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from drafts.errors import DraftNotFound
from drafts.models import Draft
from drafts.serializers import PREFIX
from drafts.services import delete_draft, dismiss_error
from messaging.mailbox import words_of
from project.api.paging import InvalidCursor, cut_page
from project.desk.access import Desk, at_desk
from project.desk.attention import troubles_of
from project.desk.page import render_page
from project.desk.people import recipients_in_short
from project.desk.scheduled import chosen_inbox, query_after
from project.desk.sidebar import ALL
from project.desk.sorting import next_of
from project.errors import NotFound, Refusal
from project.ids import read, spell
from project.tenancy.models import Scope

LIMIT = 50
NEWEST = ("-updated_at", "-id")  # as draft_open_newest has it


@dataclass(frozen=True, kw_only=True)
class Row:
    """A draft, as the list has it."""

    id: str
    draft: Draft
    people: str
    words: str

    @property
    def filenames(self) -> list[str]:
        return [file.name for file in self.draft.files if not file.inline]

    @property
    def is_unfinished(self) -> bool:
        """Whether a file of it has not come."""
        return bool(self.draft.waiting_for())


@require_safe
@at_desk
def drafts(request: HttpRequest, desk: Desk, inbox_id: str) -> HttpResponse:
    """Drafts that nobody has sent, the one that was changed last on top."""
    inbox = chosen_inbox(request, desk, inbox_id)
    inboxes = [inbox] if inbox else desk.inboxes
    found = desk.drafts.in_full().filter(message__isnull=True)
    after = request.GET.get("after")
    try:
        page = cut_page(
            found.filter(inbox__in=inboxes) if inbox else found,
            after=after,
            limit=LIMIT,
            order=NEWEST,
        )
    except InvalidCursor as refusal:
        raise NotFound(refusal.message) from refusal
    context = {
        "rows": _rows(page.rows),
        "is_all": inbox is None,
        "older": query_after(page.next),
        "is_first": not after,
        "troubles": troubles_of(desk, inboxes),
        "here": request.get_full_path(),
    }
    return render_page(request, desk, "drafts.html", context, inbox=inbox, place="drafts")


@at_desk
def discard(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Ask, then delete a draft."""
    desk.require(Scope.DRAFT)
    draft = _draft(desk, id)
    place = reverse("desk:place", args=[_inbox_id(draft), "drafts"])
    if request.method != "POST":
        context = {"draft": draft, "draft_id": id, "place": place}
        return render_page(
            request, desk, "discard.html", context, inbox=draft.inbox, place="drafts"
        )
    if draft.message_id is not None:
        desk.require(Scope.SEND)
    try:
        delete_draft(draft=draft)
        notices.success(request, "The draft is deleted.")
    except Refusal as refusal:
        notices.error(request, refusal.message)
    return redirect(place)


@require_POST
@at_desk
def dismiss(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Somebody has read why a draft was not sent, and need not be told again."""
    desk.require(Scope.DRAFT)
    dismiss_error(draft=_draft(desk, id))
    return redirect(next_of(request))


def _draft(desk: Desk, id: str) -> Draft:
    known = read(PREFIX, id)
    found = desk.drafts.in_full().filter(pk=known).first()
    if found is None:
        raise DraftNotFound(known)
    return found


def _inbox_id(draft: Draft) -> str:
    return spell("inb", draft.inbox_id) if draft.inbox_id else ALL


def _rows(drafts: Sequence[Draft]) -> list[Row]:
    return [
        Row(
            id=spell(PREFIX, one.pk),
            draft=one,
            people=recipients_in_short([*one.to, *one.cc, *one.bcc], frozenset()),
            words=words_of(one.text, one.html),
        )
        for one in drafts
    ]
