"""What people do to mail that has not left: edit it, move it, send it now, take it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from attachments.limits import Limits
from drafts.models import Draft
from drafts.serializers import PREFIX
from drafts.services import send_draft, unsend_draft
from messaging.models import Message
from messaging.services import cancel_message
from project.api.times import spell_time
from project.desk.access import Desk, at_desk
from project.desk.sorting import next_of
from project.errors import NotFound, Refusal, Unprocessable
from project.ids import read, spell
from project.tenancy.models import Scope


class NoTime(Unprocessable):
    """What was given as a time is none."""

    code = "no_time"


@require_POST
@at_desk
def edit(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Take a mail back and open its draft, which offers the old time again."""
    held = _draft_of(desk, id)
    was = spell_time(held.send_at)

    def effect() -> str:
        draft = unsend_draft(draft=held)
        query = "?" + urlencode({"was": was}) if was else ""
        return reverse("desk:draft", args=[spell(PREFIX, draft.pk)]) + query

    return _answer(request, effect)


@require_POST
@at_desk
def move(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Have it leave at another time: `send_at`, which is UTC unless it says otherwise."""
    held = _draft_of(desk, id)

    def effect() -> str:
        send_at = read_time(request.POST.get("send_at", ""))
        send_draft(draft=held, limits=Limits.for_workspace(desk.workspace), send_at=send_at)
        notices.success(request, f"It leaves at {send_at:%H:%M on %d %B %Y} UTC.")
        return next_of(request)

    return _answer(request, effect)


@require_POST
@at_desk
def send_now(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Have it leave at once."""
    held = _draft_of(desk, id)

    def effect() -> str:
        send_draft(draft=held, limits=Limits.for_workspace(desk.workspace))
        notices.success(request, "It is on its way.")
        return next_of(request)

    return _answer(request, effect)


@require_POST
@at_desk
def cancel(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Take it back: it is a draft again, or canceled when it was not written as one."""
    message = _message(desk, id)
    held = desk.drafts.in_full().filter(message=message).first()

    def effect() -> str:
        if held:
            unsend_draft(draft=held)
            notices.success(request, "It will not be sent. It is among the drafts.")
        else:
            cancel_message(message=message)
            notices.success(request, "It will not be sent.")
        return next_of(request)

    return _answer(request, effect)


def read_time(text: str) -> datetime:
    """A time that a form has given; UTC unless it says otherwise. Raises NoTime."""
    try:
        time = parse_datetime(text.strip())
    except ValueError:
        time = None
    if time is None:
        raise NoTime("Choose a day and a time.", field="send_at")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def _answer(request: HttpRequest, effect: Callable[[], str]) -> HttpResponse:
    """Go to the page that the effect names, or back with the reason why it did not happen."""
    try:
        return redirect(effect())
    except NotFound:
        raise
    except Refusal as refusal:
        notices.error(request, refusal.message)
    return redirect(next_of(request))


def _message(desk: Desk, id: str) -> Message:
    desk.require(Scope.SEND)
    message = desk.messages.in_full().filter(pk=read("msg", id)).first()
    if message is None:
        raise NotFound(f"There is no message {id} here.")
    return message


def _draft_of(desk: Desk, id: str) -> Draft:
    message = _message(desk, id)
    draft = desk.drafts.in_full().filter(message=message).first()
    if draft is None:
        raise NotFound(f"Message {id} was not written as a draft.")
    return draft
