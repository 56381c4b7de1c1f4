"""What a message says: shown to operators who say why, to nobody else, and not in secret.

A reason opens one message to one session for a quarter of an hour. It is an event, and the owners
of the workspace are told by mail.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from messaging.html import display_html
from messaging.models import Message
from messaging.source import source_of, with_first_sent
from project.backoffice.opening import record_opening
from project.desk.bodies import frame, read_passages
from project.errors import Refusal
from project.ids import spell
from project.tenancy.models import User
from project.tenancy.office import operated

OPEN_FOR = timedelta(minutes=15)
OPENED = "office.opened"  # in the session: message's id -> until when, as a timestamp


@require_http_methods(["GET", "HEAD", "POST"])
def open_body(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The page that asks for a reason; with one, what the message says."""
    message = operated_message(request, id)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        lacks_reason = request.method == "POST"
        return _page(request, "open", message, lacks_reason=lacks_reason)
    user = request.user
    assert isinstance(user, User)
    record_opening(
        kind="message.opened",
        subject=message,
        title="An operator has read a message",
        words=f"has read what the message {spell('msg', message.pk)} says",
        reason=reason,
        user=user,
    )
    until = (timezone.now() + OPEN_FOR).timestamp()
    opened = {**request.session.get(OPENED, {}), id.hex: until}
    request.session[OPENED] = opened
    return redirect("admin:message_body", id)


@require_safe
def body(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """What a message says, that was opened before."""
    message = opened_message(request, id)
    if message is None:
        return redirect("admin:message_open", id)
    passages = read_passages(message.text) if message.text else []
    return _page(request, "body", message, passages=passages)


@require_safe
def html(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The HTML of an opened message, as a document for a sandboxed frame; without any pictures."""
    message = opened_message(request, id)
    if message is None or not message.html:
        raise Http404
    return frame(display_html(message.html, picture=lambda url: None))


@require_safe
def raw(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The whole of an opened message, byte for byte."""
    message = opened_message(request, id)
    if message is None:
        raise Http404
    try:
        mail = source_of(message, at=timezone.now())
    except Refusal as refusal:
        raise Http404(refusal.message) from refusal
    name = f'attachment; filename="{spell("msg", message.pk)}.eml"'
    headers = {
        "Content-Type": "message/rfc822",
        "Content-Length": str(mail.size),
        "Content-Disposition": name,
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingHttpResponse(mail.blocks(), headers=headers)


def operated_message(request: HttpRequest, id: UUID) -> Message:
    """A message of a workspace that the person operates; raises as `operated` does."""
    message: Message = operated(request, with_first_sent(Message.objects.in_full()), id)
    return message


def opened_message(request: HttpRequest, id: UUID) -> Message | None:
    """A message for which a reason was given in this session a short while ago."""
    message = operated_message(request, id)
    until = request.session.get(OPENED, {}).get(id.hex, 0)
    return message if timezone.now().timestamp() < until else None


def _page(request: HttpRequest, name: str, message: Message, **facts: object) -> HttpResponse:
    words = {
        **admin.site.each_context(request),
        "title": str(message),
        "message": message,
        "opts": Message._meta,
        "back": reverse("admin:messaging_message_change", args=[message.pk]),
        **facts,
    }
    return render(request, f"admin/office/{name}.html", words)
