"""What all pages of the desk have in common."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from messaging.models import Inbox
from project.api.authentication import WORKSPACE
from project.desk.access import INBOX, Desk, at_desk
from project.desk.sidebar import sidebar_of
from project.errors import NotFound
from project.ids import spell


def render_page(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: dict[str, Any],
    *,
    inbox: Inbox | None = None,
    place: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page with its sidebar, in which `place` of `inbox` is marked; without one, that of all.

    A blank place marks none, beside the inbox that the person looked at last.
    """
    chosen = inbox if inbox or place else last_inbox(request, desk)
    facts = {
        "desk": desk,
        "sidebar": sidebar_of(desk, inbox=chosen, place=place, path=request.path),
        **context,
    }
    return render(request, f"desk/{template}", facts, status=status)


def last_inbox(request: HttpRequest, desk: Desk) -> Inbox | None:
    """The inbox that the person looked at last, else the first; None while there is none."""
    chosen = request.session.get(INBOX)
    remembered = (inbox for inbox in desk.inboxes if inbox.pk.hex == chosen)
    return next(remembered, None) or next(iter(desk.inboxes), None)


@require_safe
@at_desk
def home(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The inbox that the person looked at last."""
    inbox = last_inbox(request, desk)
    if inbox is None:
        return render_page(request, desk, "no_inbox.html", {})
    return redirect("desk:place", spell("inb", inbox.pk), "inbox")


@require_POST
@at_desk
def choose_workspace(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Go to another workspace of the person's."""
    wanted = request.POST.get("workspace", "")
    mine = desk.user.memberships.values_list("workspace_id", flat=True)
    if wanted not in {id.hex for id in mine}:
        raise NotFound("There is no such workspace here.")
    request.session[WORKSPACE] = wanted
    request.session.pop(INBOX, None)
    return redirect("desk:home")
