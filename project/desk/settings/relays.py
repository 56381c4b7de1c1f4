"""An inbox's own way out, and trying it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from attachments.limits import Limits
from messaging.addresses import Address
from messaging.inboxes import update_inbox
from messaging.letter import Letter
from messaging.models import Attempt, Message
from messaging.models.message import Status
from messaging.outbox.relay import PORTS, Relay
from messaging.services import send_message
from project.desk.access import Desk
from project.desk.outcomes import outcome_of
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import at_settings, render_settings
from project.desk.settings.inboxes import SECTION, relay_of
from project.errors import NotFound, Refusal
from project.ids import read, spell

SECURITY = [
    ("smtp+starttls", "STARTTLS, usually port 587"),
    ("smtps", "TLS from the start, usually port 465"),
    ("smtp", "None: only inside a network of your own"),
]
TEXT = """\
This is a test. If you can read it, mail of {address} leaves as it should.
"""
ON_THE_WAY = (Status.QUEUED, Status.SENDING, Status.WAITING, Status.SCHEDULED)


class RelayForm(SettingsForm):
    """A mail server. A password that is known is never shown; left blank it stays.

    It stays only for the same server and user: else whoever may write here could have it sent to
    a server of their own.
    """

    own = forms.ChoiceField(
        label="Its mail leaves",
        choices=[
            ("no", "Through the mail server of this installation"),
            ("yes", "Through a mail server of its own"),
        ],
        widget=forms.RadioSelect,
    )
    host = forms.RegexField(
        regex=r"^([\w.-]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$",
        label="Server",
        required=False,
        max_length=253,
        error_messages={"invalid": "Give the name of a mail server, such as smtp.example.com."},
    )
    security = forms.ChoiceField(label="Security", choices=SECURITY)
    port = forms.IntegerField(
        label="Port",
        required=False,
        min_value=1,
        max_value=65535,
        help_text="Blank: the usual one.",
    )
    username = line(label="User", help_text="Blank: it asks for none.")
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )

    def __init__(self, given: QueryDict | None, *, known: Relay | None) -> None:
        super().__init__(given, initial=_shown(known))
        self.known = known
        if known and known.password:
            self.fields["password"].help_text = "One is set. Blank: it stays."

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("own") != "yes":
            return given
        if not given.get("host") and "host" not in self.errors:
            self.add_error("host", "A mail server has a name.")
        if given.get("password") and not given.get("username"):
            self.add_error("username", "A password belongs to a user.")
        if self._needs_password(given):
            self.add_error("password", "Give the password again for another server or user.")
        return given

    @property
    def relay(self) -> Relay | None:
        """What was given; None: the installation's."""
        given = self.cleaned_data
        if given["own"] != "yes":
            return None
        known = self.known.password if self.known else ""
        return Relay(
            host=given["host"],
            port=given["port"] or PORTS[given["security"]],
            security=given["security"],
            username=given["username"],
            password=(given["password"] or known) if given["username"] else "",
        )

    def _needs_password(self, given: dict[str, Any]) -> bool:
        if not (self.known and self.known.password and given.get("username")):
            return False
        port = given.get("port") or PORTS.get(str(given.get("security")))
        said = (given.get("host", "").lower(), port, given.get("security"), given["username"])
        was = (self.known.host, self.known.port, self.known.security, self.known.username)
        return not given.get("password") and said != was


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def relay(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """The way out of an inbox."""
    inbox = desk.inbox(id)
    form = RelayForm(sent(request), known=relay_of(inbox))
    if request.method == "POST" and form.is_valid():
        chosen = form.relay
        update_inbox(inbox=inbox, smtp_url=chosen.url if chosen else "")
        messages.success(request, "Saved. Send a test message to see that it works.")
        return redirect("desk:settings-inbox", id)
    facts = {"form": form, "inbox": inbox, "id": id}
    return render_settings(request, desk, "relay.html", facts, section=SECTION, status=form.status)


@require_POST
@at_settings
def test_inbox(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Send a real message through an inbox to whoever asks, and go to what became of it."""
    inbox = desk.inbox(id)
    letter = Letter(
        to=(Address(desk.user.email, desk.user.name or None),),
        subject=f"A test of {inbox.address}",
        text=TEXT.format(address=inbox.address),
    )
    try:
        message = send_message(
            inbox=inbox, letter=letter, limits=Limits.for_workspace(desk.workspace)
        )
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:settings-inbox", id)
    return redirect("desk:settings-inbox-tested", id, spell("msg", message.pk))


@require_safe
@at_settings
def tested_inbox(request: HttpRequest, desk: Desk, id: str, message_id: str) -> HttpResponse:
    """What became of a test message, in the words of the servers."""
    inbox = desk.inbox(id)
    rows = desk.messages.filter(inbox=inbox).in_full()
    message = rows.filter(pk=read("msg", message_id)).first()
    if message is None:
        raise NotFound(f"There is no message {message_id} of this inbox.")
    now = timezone.now()
    facts = {
        "inbox": inbox,
        "id": id,
        "message_id": message_id,
        "message": message,
        "outcome": outcome_of(message, at=now),
        "attempts": _attempts(message),
        "is_on_its_way": message.status_at(now) in ON_THE_WAY,
    }
    return render_settings(request, desk, "tested_inbox.html", facts, section=SECTION)


def _attempts(message: Message) -> list[Attempt]:
    return list(Attempt.objects.filter(delivery__message=message).order_by("ended_at"))


def _shown(known: Relay | None) -> dict[str, Any]:
    if known is None:
        return {"own": "no", "security": "smtp+starttls"}
    return {
        "own": "yes",
        "host": known.host,
        "security": known.security,
        "port": known.port,
        "username": known.username,
    }
