"""Keeping mail in order from a page: read, starred, archived, moved, in the trash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from messaging import tidying
from messaging.models import Folder
from messaging.models.message import MessageQuerySet
from messaging.services import resolve_message
from messaging.trash import empty_trash
from project.desk.access import Desk, at_desk
from project.desk.page import render_page
from project.errors import NotFound, Refusal
from project.ids import read
from project.tenancy.models import Scope

UNDO = "undo"  # in the session: where what was moved last came from
MOST = 500  # conversations in one go

#: changes that nobody needs to be told of
MARKS: Mapping[str, Callable[[MessageQuerySet], None]] = {
    "read": tidying.mark_read,
    "unread": tidying.mark_unread,
    "star": tidying.star_conversations,
    "unstar": tidying.unstar_conversations,
}
#: moves that can be taken back -> what has been done
MOVES: Mapping[str, tuple[str, Callable[[MessageQuerySet], tidying.Places]]] = {
    "archive": ("archived", tidying.archive_conversations),
    "trash": ("moved to the trash", tidying.discard_conversations),
    "restore": ("moved back", tidying.bring_back_conversations),
}


@require_POST
@at_desk
def sort(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Do `act` to conversations (`thread`) or messages (`message`).

    `one` is a button of a single line: `act:thread`; `folder` moves. With `trash` those messages
    are meant that are in it, otherwise those that are not.
    """
    desk.require(Scope.SEND)
    act, _, single = request.POST.get("one", "").partition(":")
    act = act or request.POST.get("act", "move" if "folder" in request.POST else "")
    rows, number = _chosen(request, desk, single)
    try:
        _do(request, desk, act, rows, number)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        notices.error(request, refusal.message)
    if not request.accepts("text/html"):
        return HttpResponse(status=204)
    return redirect(next_of(request))


@require_POST
@at_desk
def undo(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Put what was moved last back to where it was."""
    desk.require(Scope.SEND)
    places = {
        UUID(hex=folder): [UUID(hex=id) for id in ids]
        for folder, ids in request.session.pop(UNDO, {}).items()
    }
    try:
        tidying.put_back_messages(desk.messages, places=places)
        notices.success(request, "It is back where it was." if places else "Nothing to undo.")
    except Refusal as refusal:
        notices.error(request, refusal.message)
    return redirect(next_of(request))


@at_desk
def empty(request: HttpRequest, desk: Desk, inbox_id: str) -> HttpResponse:
    """Ask, then empty the trash of an inbox: what is deleted here is gone."""
    desk.require(Scope.SEND)
    inbox = desk.inbox(inbox_id)
    trash = reverse("desk:place", args=[inbox_id, Folder.Role.TRASH.value])
    if request.method != "POST":
        return render_page(
            request, desk, "empty_trash.html", {"trash": trash}, inbox=inbox, place="trash"
        )
    number = empty_trash(inbox=inbox)
    notices.success(request, f"{_count(number, 'message')} deleted for good.")
    return redirect(trash)


@require_POST
@at_desk
def resolve(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Say what became of a message that may have arrived: `sent`, `failed` or `resend`."""
    desk.require(Scope.SEND)
    message = desk.messages.filter(pk=read("msg", id)).first()
    outcome = request.POST.get("outcome", "")
    if message is None or outcome not in ("sent", "failed", "resend"):
        raise NotFound(f"There is no message {id} here.")
    try:
        resolve_message(message=message, outcome=outcome)
    except Refusal as refusal:
        notices.error(request, refusal.message)
    return redirect(next_of(request))


def next_of(request: HttpRequest) -> str:
    """The page to go to: `next` of the form, if it is one of ours."""
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, hosts) else reverse("desk:home")


def _chosen(request: HttpRequest, desk: Desk, single: str) -> tuple[MessageQuerySet, int]:
    """The messages that are meant, and how many conversations or messages that is.

    Raises NotFound when one of them is none of the workspace.
    """
    rows = desk.messages.filter(trashed_at__isnull="trash" not in request.POST)
    if message_ids := request.POST.getlist("message"):
        wanted = {read("msg", id) for id in message_ids[:MOST]}
        known = desk.messages.filter(pk__in=wanted).count()
        chosen = rows.filter(pk__in=wanted)
    else:
        ids = [single] if single else request.POST.getlist("thread")[:MOST]
        wanted = {read("thr", id) for id in ids}
        known = desk.workspace.threads.filter(pk__in=wanted).count()
        chosen = rows.filter(thread__in=wanted)
    if known != len(wanted):
        raise NotFound("It is not here.")
    return chosen, len(wanted)


def _do(request: HttpRequest, desk: Desk, act: str, rows: MessageQuerySet, number: int) -> None:
    if act in MARKS:
        MARKS[act](rows)
    elif act == "delete":
        tidying.delete_conversations(rows)
        notices.success(request, f"{_what(request, number)} deleted for good.")
    elif act in MOVES:
        done, move = MOVES[act]
        _offer_undo(request, move(rows), f"{_what(request, number)} {done}.")
    elif act == "move":
        folder = _folder(desk, request.POST.get("folder", ""))
        places = tidying.move_conversations(rows, folder=folder)
        _offer_undo(request, places, f"{_what(request, number)} moved to {folder.name}.")
    else:
        raise NotFound("There is no such action.")


def _folder(desk: Desk, id: str) -> Folder:
    folder = Folder.objects.filter(pk=read("fol", id), inbox__in=desk.inboxes).first()
    if folder is None:
        raise NotFound(f"There is no folder {id} here.")
    return folder


def _offer_undo(request: HttpRequest, places: tidying.Places, words: str) -> None:
    """Say what was done, with a button of the form `undo`, which every list has."""
    if not places:
        return
    request.session[UNDO] = {folder.hex: [id.hex for id in ids] for folder, ids in places.items()}
    button = format_html('<button class="plain" form="undo">{}</button>', "Undo")
    notices.success(request, format_html("{} {}", words, button), extra_tags="undoable")


def _what(request: HttpRequest, number: int) -> str:
    return _count(number, "message" if "message" in request.POST else "conversation")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
