"""API keys: made, shown once, and revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from messaging.models import Inbox
from project.desk.access import Desk
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import at_settings, render_settings
from project.errors import NotFound, Refusal
from project.ids import read, spell
from project.tenancy.models import ApiKey, Scope
from project.tenancy.services import create_key, revoke_key

SECTION = "keys"
ENDED_SHOWN = 20
#: scope -> what it lets a program do
SCOPES: dict[str, str] = {
    Scope.READ: "Read messages, drafts, files and settings.",
    Scope.DRAFT: "Write and change drafts.",
    Scope.SEND: "Send, cancel, move and mark messages.",
    Scope.FILES: "Upload and delete files.",
    Scope.ADMIN: "Make and close inboxes, keys and webhooks. Give it to few.",
}
LIVES = [("", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"),
         ("365", "In a year")]  # fmt: skip


@dataclass(frozen=True)
class KeyRow:
    """A key as the list shows it; no `inboxes`: all of them."""

    id: str
    key: ApiKey
    inboxes: list[str]
    is_over: bool


class NewKeyForm(SettingsForm):
    """A key to be made."""

    name = line(label="Name", required=True, help_text="What it is for, such as: web shop.")
    scopes = forms.MultipleChoiceField(
        label="It may",
        choices=[(scope, f"{scope}: {words}") for scope, words in SCOPES.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
    inboxes = forms.MultipleChoiceField(
        label="For these inboxes",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: for all, also for those that are made later.",
    )
    days = forms.ChoiceField(label="It ends", choices=LIVES, required=False)

    def __init__(self, given: QueryDict | None, *, inboxes: list[Inbox]) -> None:
        super().__init__(given, initial={"scopes": [Scope.READ]})
        self.choose_from("inboxes", [(spell("inb", one.pk), one.address) for one in inboxes])


@require_safe
@at_settings
def keys(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The keys in force, newest first, and the last ones that are not."""
    now = timezone.now()
    alive = desk.workspace.keys.alive(now).order_by("-pk")
    ended = desk.workspace.keys.exclude(pk__in=alive.values("pk")).order_by("-pk")
    addresses = dict(Inbox.objects.filter(workspace=desk.workspace).values_list("pk", "address"))
    facts = {
        "alive": [_row(one, addresses, now) for one in alive],
        "ended": [_row(one, addresses, now) for one in ended[:ENDED_SHOWN]],
    }
    return render_settings(request, desk, "keys.html", facts, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def new_key(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make a key. Its secret is in this answer, kept nowhere, and cannot be shown again."""
    form = NewKeyForm(sent(request), inboxes=desk.inboxes)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        days = int(given["days"] or 0)
        try:
            key, secret = create_key(
                workspace=desk.workspace,
                name=given["name"],
                scopes=given["scopes"],
                inbox_ids=[read("inb", id) for id in given["inboxes"]],
                expires_at=timezone.now() + timedelta(days=days) if days else None,
            )
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            made = {"key": key, "secret": secret}
            return render_settings(request, desk, "key_made.html", made, section=SECTION)
    facts = {"form": form}
    return render_settings(
        request, desk, "new_key.html", facts, section=SECTION, status=form.status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def end_key(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Say what stops, and revoke a key."""
    key = desk.workspace.keys.filter(pk=read("key", id)).first()
    if key is None:
        raise NotFound(f"There is no key {id} here.")
    if request.method == "POST":
        revoke_key(key=key)
        messages.success(request, f"{key} is revoked.")
        return redirect("desk:settings-keys")
    return render_settings(request, desk, "end_key.html", {"key": key, "id": id}, section=SECTION)


def _row(key: ApiKey, addresses: dict[UUID, str], at: datetime) -> KeyRow:
    return KeyRow(
        id=spell("key", key.pk),
        key=key,
        inboxes=[addresses.get(id, "an inbox that is gone") for id in key.bound_inbox_ids],
        is_over=key.revoked_at is None and key.expires_at is not None and key.expires_at <= at,
    )
