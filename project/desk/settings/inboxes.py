"""Inboxes: making, naming, signing and closing them."""

from __future__ import annotations

from django import forms
from django.conf import settings as installation
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from messaging.inboxes import MAX_SIGNATURE, create_inbox, delete_inbox, update_inbox
from messaging.models import Inbox
from messaging.outbox.relay import Relay
from project.desk.access import Desk
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import at_settings, render_settings
from project.errors import Refusal
from project.ids import spell
from project.tenancy.models import Workspace

SECTION = "inboxes"


class NewInboxForm(SettingsForm):
    """An address at one of the domains that a workspace may use."""

    local = line(
        label="Address",
        required=True,
        max_length=64,
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false"}),
    )
    domain = forms.ChoiceField(label="Domain")
    name = line(label="Name", help_text="Shown beside the address to whoever gets mail from it.")

    def __init__(self, given: QueryDict | None, *, domains: list[str]) -> None:
        super().__init__(given)
        self.choose_from("domain", [(name, f"@{name}") for name in domains])

    def refuse(self, refusal: Refusal) -> None:
        """What is wrong with the address is said where it begins."""
        self.add_error("local" if refusal.field == "address" else None, refusal.message)


class InboxForm(SettingsForm):
    """What people may change of an inbox."""

    name = line(label="Name", help_text="Shown beside the address to whoever gets mail from it.")
    signature = forms.CharField(
        label="Signature",
        required=False,
        max_length=MAX_SIGNATURE,
        strip=False,
        widget=forms.Textarea({"rows": 6}),
        help_text="Plain text under what people write here. Blank: none.",
    )


@require_safe
@at_settings
def inboxes(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Inboxes, and the domains at which they may be."""
    facts = {
        "inboxes": [(spell("inb", one.pk), one) for one in desk.inboxes],
        "own_domains": list(desk.workspace.domains.order_by("name")),
        "shared_domains": installation.MAIL_DOMAINS,
    }
    return render_settings(request, desk, "inboxes.html", facts, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def new_inbox(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Make an inbox."""
    form = NewInboxForm(sent(request), domains=domains_of(desk.workspace))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        address = f"{given['local']}@{given['domain']}"
        try:
            inbox = create_inbox(workspace=desk.workspace, address=address, name=given["name"])
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, f"{inbox.address} is there.")
            return redirect("desk:settings-inbox", spell("inb", inbox.pk))
    facts = {"form": form}
    return render_settings(
        request, desk, "new_inbox.html", facts, section=SECTION, status=form.status
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def inbox(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """One inbox: its name and its signature."""
    found = desk.inbox(id)
    form = InboxForm(sent(request), initial={"name": found.name, "signature": found.signature})
    if request.method == "POST" and form.is_valid():
        try:
            update_inbox(inbox=found, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("desk:settings-inbox", id)
    facts = {"form": form, "inbox": found, "id": id, "relay": relay_of(found)}
    return render_settings(request, desk, "inbox.html", facts, section=SECTION, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def close_inbox(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Say what closing means, and close it."""
    found = desk.inbox(id)
    if request.method == "POST":
        try:
            delete_inbox(inbox=found)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect("desk:settings-inbox", id)
        messages.success(request, f"{found.address} is closed.")
        return redirect("desk:settings-inboxes")
    return render_settings(
        request, desk, "close_inbox.html", {"inbox": found, "id": id}, section=SECTION
    )


def domains_of(workspace: Workspace) -> list[str]:
    """The domains at which a workspace may have inboxes, its own first."""
    own = workspace.domains.order_by("name").values_list("name", flat=True)
    return list(dict.fromkeys([*own, *installation.MAIL_DOMAINS]))


def relay_of(inbox: Inbox) -> Relay | None:
    """Its own way out; None: it uses the installation's."""
    return Relay.read(inbox.smtp_url) if inbox.smtp_url else None
