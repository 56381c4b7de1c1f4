"""The front page, and what every page's template may use."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from project.contracts.doors import DOORS


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The desk for people who are signed in; for others a page that says what this is."""
    if request.user.is_authenticated:
        return redirect("desk:home")
    return render(request, "home.html", {"doors": DOORS, "host": settings.PUBLIC_URL})


def csp_nonce(request: HttpRequest) -> dict[str, Any]:
    """`csp_nonce` for templates, the name that django-htmx and Django 6 use."""
    return {"csp_nonce": getattr(request, "csp_nonce", "")}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are let in by operators; nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
