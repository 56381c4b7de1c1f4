"""Sending a message anew to some of its recipients."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from messaging.interventions import resend_message
from messaging.models import Message
from messaging.models.message import Direction
from project.backoffice.bodies import operated_message
from project.errors import Refusal
from project.events.services import emit, happened
from project.ids import spell


@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The page that asks for recipients and a reason; with both, the new message."""
    message = operated_message(request, id)
    emails = request.POST.getlist("email")
    reason = request.POST.get("reason", "").strip()
    if message.direction == Direction.INBOUND:
        return redirect("admin:messaging_message_change", id)
    if emails and reason:
        try:
            made = resend_for(message=message, emails=emails, reason=reason)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, "This is the new message.")
            return redirect("admin:messaging_message_change", made.pk)
    facts = {
        **admin.site.each_context(request),
        "title": f"Resend: {message}",
        "message": message,
        "opts": Message._meta,
        "emails": emails,
        "reason": reason,
        "is_incomplete": request.method == "POST" and not (emails and reason),
    }
    return render(request, "admin/office/resend.html", facts)


@transaction.atomic
def resend_for(*, message: Message, emails: list[str], reason: str) -> Message:
    """Send a message anew for an operator, and put it on record at the old one and the new."""
    made = resend_message(message=message, emails=emails)
    facts = {"action": "resend", "reason": reason, "recipients": emails}
    links = {message.pk: {"resent_as": made.pk}, made.pk: {"resent_from": message.pk}}
    emit(
        *(
            happened(
                "message.handled",
                workspace_id=message.workspace_id,
                subject_id=id,
                payload={**facts, **{name: spell("msg", pk) for name, pk in link.items()}},
            )
            for id, link in links.items()
        )
    )
    return made
