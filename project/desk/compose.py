"""Writing: a new mail, a draft, an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from attachments.limits import Limits
from drafts.errors import DraftNotFound
from drafts.models import Draft, DraftState
from drafts.replies import forward, reply_to
from drafts.serializers import PREFIX
from project.api.parsers import BodyTooLarge
from project.desk.access import Desk, at_desk
from project.desk.composer import render_composer, url_of
from project.desk.page import last_inbox
from project.desk.prefill import new_draft, wanted_files
from project.desk.writing import stream_files, write_form
from project.errors import NotFound, Refusal
from project.ids import read, spell
from project.tenancy.models import Scope

#: how a message is answered -> what makes the draft
ANSWERS: Mapping[str, Callable[..., Draft]] = {
    "reply": partial(reply_to, to_all=False),
    "reply_all": partial(reply_to, to_all=True),
    "forward": forward,
}
WRITING = ["GET", "HEAD", "POST"]


# A form is read by our own handlers, which must be there before its token is looked for:
# `_written` looks for it.
@csrf_exempt
@require_http_methods(WRITING)
@at_desk
def compose(request: HttpRequest, desk: Desk) -> HttpResponse:
    """An empty sheet, or what the query says. Nothing is kept before something is written."""
    desk.require(Scope.DRAFT)
    named = request.GET.get("inbox")
    inbox = desk.inbox(named) if named else last_inbox(request, desk)
    fresh = new_draft(request.GET, desk=desk, inbox=inbox)
    if request.method == "POST":
        return _written(request, desk, fresh)
    wanted = wanted_files(request.GET, desk=desk)
    return render_composer(request, desk, fresh, wanted=wanted)


@csrf_exempt
@require_http_methods(WRITING)
@at_desk
def draft(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """A draft that is there already; one that has left is read where it lies now."""
    known = read(PREFIX, id)
    found = desk.drafts.in_full().select_related("in_reply_to").filter(pk=known).first()
    if found is None:
        raise DraftNotFound(known)
    if request.method == "POST":
        desk.require(Scope.DRAFT)
        return _written(request, desk, found)
    message = found.message
    if message and message.thread_id and found.state_at(timezone.now()) == DraftState.DISPATCHED:
        return redirect("desk:conversation", spell("thr", message.thread_id))
    return render_composer(request, desk, found)


@require_POST
@at_desk
def answer(request: HttpRequest, desk: Desk, id: str, how: str) -> HttpResponse:
    """A draft that answers a message or passes it on, to be written."""
    desk.require(Scope.DRAFT)
    rows = desk.messages.in_full().select_related("customer", "thread", "workspace", "inbox")
    message = rows.filter(pk=read("msg", id)).first()
    if message is None or how not in ANSWERS:
        raise NotFound(f"There is no message {id} here.")
    made = ANSWERS[how](message=message, limits=Limits.for_workspace(desk.workspace))
    return redirect(url_of(made))


def _written(request: HttpRequest, desk: Desk, draft: Draft) -> HttpResponse:
    limits = Limits.for_workspace(desk.workspace)
    try:
        stream_files(request, limits)
        return csrf_protect(partial(_do, limits=limits))(request, desk, draft)
    except BodyTooLarge as refusal:
        notices.error(request, f"{refusal.message} Attach fewer files at a time.")
        return render_composer(request, desk, draft, status=413)


def _do(request: HttpRequest, desk: Desk, draft: Draft, *, limits: Limits) -> HttpResponse:
    try:
        return write_form(request, desk, draft, limits)
    except NotFound:
        raise
    except Refusal as refusal:
        notices.error(request, refusal.message)
        return redirect(url_of(draft))
