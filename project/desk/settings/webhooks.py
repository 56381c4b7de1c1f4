"""Webhooks: the addresses that are told what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from project.api.webhooks.serializers import state_of
from project.desk.access import Desk
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import at_settings, render_settings
from project.errors import NotFound, Refusal
from project.events.kinds import KINDS, NOUNS
from project.events.models import WebhookDelivery, WebhookEndpoint
from project.events.webhooks.dialects import NATIVE
from project.events.webhooks.endpoints import (
    MAX_URL,
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
    update_webhook,
)
from project.ids import read, spell

SECTION = "webhooks"
LIMIT = 25
#: state -> what it means, and how it looks
STATES: dict[str, tuple[str, str]] = {
    "active": ("Is told what happens", "good"),
    "failing": ("Did not take the last delivery; it is tried again", "warn"),
    "off": ("Turned off: it is told nothing", ""),
    "disabled": ("Turned off by Enclose, because it takes nothing", "bad"),
}
#: how long after a test or a replay its page looks by itself what came of it
WATCHED_SECONDS = 30


@dataclass(frozen=True)
class Choice:
    """A kind of event, or all kinds of a noun."""

    value: str
    words: str
    is_chosen: bool


@dataclass(frozen=True)
class Group:
    """The kinds of one noun; `is_open` when some of them are chosen."""

    all_of_it: Choice
    kinds: list[Choice]
    is_open: bool


@dataclass(frozen=True)
class WebhookRow:
    """A webhook as pages show it."""

    id: str
    endpoint: WebhookEndpoint
    words: str
    look: str


class WebhookForm(SettingsForm):
    """An address, and what it is told."""

    url = forms.CharField(
        label="Address",
        max_length=MAX_URL,
        widget=forms.URLInput({"placeholder": "https://", "autocomplete": "off"}),
        help_text="A public address that begins with https://.",
    )
    description = line(label="Description", help_text="For people.")
    events = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(name, name) for name in (*NOUNS, *KINDS)],
    )

    @property
    def groups(self) -> list[Group]:
        """The kinds of events by noun, with what is chosen."""
        chosen = set(self["events"].value() or [])
        return [_group(noun, chosen) for noun in NOUNS]


@require_safe
@at_settings
def webhooks(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Webhooks of the native API, newest first; those of other doors are theirs."""
    rows = [_row(one) for one in _endpoints(desk).order_by("-pk")]
    return render_settings(request, desk, "webhooks.html", {"webhooks": rows}, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def new_webhook(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a webhook. Its secret is in this answer only."""
    form = WebhookForm(sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            endpoint = create_webhook(workspace=desk.workspace, dialect=NATIVE, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return _shown_with_secret(request, desk, endpoint)
    facts = {"form": form}
    return render_settings(
        request, desk, "new_webhook.html", facts, section=SECTION, status=form.status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def webhook(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """One webhook: where it is, what it is told, and what it was told."""
    endpoint = endpoint_at(desk, id)
    known = {
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
    }
    form = WebhookForm(sent(request), initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            update_webhook(endpoint=endpoint, **form.cleaned_data)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("desk:settings-webhook", id)
    facts = {"form": form, "webhook": _row(endpoint), **_told(request, endpoint)}
    return render_settings(
        request, desk, "webhook.html", facts, section=SECTION, status=form.status
    )


@require_POST
@at_settings
def turn_webhook(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Turn a webhook on or off."""
    is_on = request.POST.get("on") == "yes"
    update_webhook(endpoint=endpoint_at(desk, id), is_active=is_on)
    words = "on. It is told of what happens from now on" if is_on else "off"
    messages.success(request, f"The webhook is turned {words}.")
    return redirect("desk:settings-webhook", id)


@require_POST
@at_settings
def test_webhook(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Tell a webhook that somebody tries it."""
    endpoint = endpoint_at(desk, id)
    words = "It is called in a moment; what it answers appears below."
    return watch(request, id, lambda: send_test(endpoint=endpoint), words)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def new_secret(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Give a webhook a new secret, in this answer only; loaded again, it is not there."""
    if request.method != "POST":
        return redirect("desk:settings-webhook", id)
    endpoint = endpoint_at(desk, id)
    rotate_secret(endpoint=endpoint)
    return _shown_with_secret(request, desk, endpoint)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def end_webhook(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Say what goes, and delete a webhook."""
    endpoint = endpoint_at(desk, id)
    if request.method == "POST":
        delete_webhook(endpoint=endpoint)
        messages.success(request, "The webhook is deleted.")
        return redirect("desk:settings-webhooks")
    facts = {"webhook": _row(endpoint)}
    return render_settings(request, desk, "end_webhook.html", facts, section=SECTION)


def watch(request: HttpRequest, id: str, tell: Callable[[], None], words: str) -> HttpResponse:
    """Have a webhook told something, and go to where one sees what comes of it."""
    try:
        tell()
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:settings-webhook", id)
    messages.success(request, words)
    answer = redirect("desk:settings-webhook", id)
    answer["Location"] += f"?watched={int(timezone.now().timestamp())}#told"
    return answer


def endpoint_at(desk: Desk, id: str) -> WebhookEndpoint:
    """A webhook by its spelt id. Raises NotFound."""
    found = _endpoints(desk).filter(pk=read("whk", id)).first()
    if found is None:
        raise NotFound(f"There is no webhook {id} here.")
    return found


def _endpoints(desk: Desk) -> QuerySet[WebhookEndpoint]:
    return desk.workspace.webhooks.filter(dialect=NATIVE)


def _told(request: HttpRequest, endpoint: WebhookEndpoint) -> dict[str, object]:
    """What it was told, a page of it, newest first."""
    rows = WebhookDelivery.objects.filter(endpoint=endpoint)
    before = request.GET.get("before", "")
    if before:
        rows = rows.filter(pk__lt=read("whd", before))
    found = list(rows.order_by("-pk")[: LIMIT + 1])
    shown = [(spell("whd", one.pk), one) for one in found[:LIMIT]]
    watched = request.GET.get("watched", "")
    age = timezone.now().timestamp() - int(watched) if watched.isdecimal() else WATCHED_SECONDS
    return {
        "deliveries": shown,
        "older": shown[-1][0] if len(found) > LIMIT else "",
        "before": before,
        "watched": watched if 0 <= age < WATCHED_SECONDS else "",
    }


def _shown_with_secret(request: HttpRequest, desk: Desk, endpoint: WebhookEndpoint) -> HttpResponse:
    facts = {"webhook": _row(endpoint), "secret": endpoint.secret}
    return render_settings(request, desk, "webhook_secret.html", facts, section=SECTION)


def _row(endpoint: WebhookEndpoint) -> WebhookRow:
    words, look = STATES[state_of(endpoint)]
    return WebhookRow(spell("whk", endpoint.pk), endpoint, words, look)


def _group(noun: str, chosen: set[str]) -> Group:
    kinds = [
        Choice(kind, words, kind in chosen)
        for kind, words in KINDS.items()
        if kind.partition(".")[0] == noun
    ]
    all_of_it = Choice(noun, f"Everything about {noun}s", noun in chosen)
    return Group(all_of_it, kinds, any(one.is_chosen for one in (all_of_it, *kinds)))
