"""What the pages of the settings have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from project.desk.access import Desk, P, Page, at_desk
from project.desk.page import render_page

#: name -> label, in the order in which they are shown
SECTIONS = {
    "inboxes": "Inboxes",
    "domains": "Domains",
    "keys": "API keys",
    "webhooks": "Webhooks",
    "members": "Members",
    "workspace": "Workspace",
    "you": "You",
}
OWN = "you"  # the one that is everybody's


@dataclass(frozen=True)
class Section:
    """An entry of the sub-navigation."""

    label: str
    url: str
    is_here: bool


def at_settings(view: Page[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """A page of those who run the workspace; others are told who does (403)."""

    @at_desk
    def page(
        request: HttpRequest, desk: Desk, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not desk.administers:
            return render_settings(request, desk, "closed.html", {}, section="", status=403)
        return view(request, desk, *args, **kwargs)

    return wraps(view)(page)


def render_settings(
    request: HttpRequest,
    desk: Desk,
    template: str,
    context: dict[str, Any],
    *,
    section: str,
    status: int = 200,
) -> HttpResponse:
    """A page of the settings, in whose sub-navigation `section` is marked."""
    facts = {"sections": sections_of(desk, here=section), **context}
    return render_page(request, desk, f"settings/{template}", facts, status=status)


def sections_of(desk: Desk, *, here: str) -> list[Section]:
    """The sections that a person may open."""
    return [
        Section(label, reverse(f"desk:settings-{name}"), name == here)
        for name, label in SECTIONS.items()
        if desk.administers or name == OWN
    ]


@require_safe
@at_desk
def settings(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The first section that a person may open."""
    return redirect("desk:settings-inboxes" if desk.administers else "desk:settings-you")
