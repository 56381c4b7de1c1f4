"""Sender domains: the keys that sign their mail, and the records that they need in DNS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from messaging.dkim.keys import (
    check_signing_key,
    keys_of,
    make_signing_key,
    need_of,
    remove_signing_key,
    stop_signing_key,
)
from messaging.models import SigningKey
from project.desk.access import Desk
from project.desk.settings.frame import at_settings, render_settings
from project.errors import NotFound, Refusal
from project.ids import read, spell
from project.tenancy.models import Domain

SECTION = "domains"
State = SigningKey.State


@dataclass(frozen=True)
class KeyRow:
    """A key as the page of its domain shows it."""

    key: SigningKey
    need: str  # why it cannot be removed; blank: it can

    @property
    def id(self) -> str:
        return spell("dkm", self.key.pk)

    @property
    def words(self) -> str:
        return {
            State.NEW: "Waits for its record",
            State.ACTIVE: "Signs",
            State.RETIRED: "Signs nothing new",
        }[State(self.key.state)]

    @property
    def look(self) -> str:
        is_right = self.key.state == State.ACTIVE and not self.key.problem
        return "good" if is_right else "warn"


@require_safe
@at_settings
def domains(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The domains of the workspace, and which key signs for each."""
    signing = {key.domain_id: key for key in keys_of(desk.workspace).filter(state=State.ACTIVE)}
    rows = [
        (spell("dom", one.pk), one, signing.get(one.pk))
        for one in desk.workspace.domains.order_by("name")
    ]
    return render_settings(request, desk, "domains.html", {"rows": rows}, section=SECTION)


@require_safe
@at_settings
def domain(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """One domain: its keys, what to paste, and what DNS has."""
    found = find_domain(desk, id)
    keys = keys_of(desk.workspace).filter(domain=found)
    checked = keys.filter(checked_at__isnull=False).order_by("-checked_at").first()
    facts = {
        "domain": found,
        "id": id,
        "rows": [KeyRow(key, need_of(key)) for key in keys],
        "has_new": keys.filter(state=State.NEW).exists(),
        "signs": keys.filter(state=State.ACTIVE).exists(),
        "checked": checked,
    }
    return render_settings(request, desk, "domain.html", facts, section=SECTION)


@require_POST
@at_settings
def make_key(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Make a key for a domain."""
    found = find_domain(desk, id)
    return _done(
        request,
        id,
        lambda: make_signing_key(domain=found),
        "The key is there. It signs once its record is in DNS and has been seen.",
    )


@require_POST
@at_settings
def check_key(request: HttpRequest, desk: Desk, id: str, key_id: str) -> HttpResponse:
    """Look for a key's record in DNS."""
    key = find_key(desk, id, key_id)
    try:
        seen = check_signing_key(key=key)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        if seen.problem:
            messages.warning(request, seen.problem)
        else:
            messages.success(request, f"The record at {seen.record_name} is right.")
    return redirect("desk:settings-domain", id)


@require_POST
@at_settings
def stop_key(request: HttpRequest, desk: Desk, id: str, key_id: str) -> HttpResponse:
    """Have a key sign nothing new."""
    key = find_key(desk, id, key_id)
    return _done(
        request,
        id,
        lambda: stop_signing_key(key=key),
        f"Mail of {key.domain} is not signed here any more.",
    )


@require_POST
@at_settings
def remove_key(request: HttpRequest, desk: Desk, id: str, key_id: str) -> HttpResponse:
    """Forget a key that nothing needs."""
    key = find_key(desk, id, key_id)
    return _done(
        request,
        id,
        lambda: remove_signing_key(key=key),
        f"The key is removed. So may be the record at {key.record_name}.",
    )


def _done(request: HttpRequest, id: str, do: Callable[[], object], words: str) -> HttpResponse:
    try:
        do()
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words)
    return redirect("desk:settings-domain", id)


def find_domain(desk: Desk, id: str) -> Domain:
    """A domain of the workspace by its spelt id. Raises NotFound."""
    found = desk.workspace.domains.filter(pk=read("dom", id)).first()
    if found is None:
        raise NotFound(f"There is no domain {id} here.")
    return found


def find_key(desk: Desk, id: str, key_id: str) -> SigningKey:
    """A signing key of a domain of the workspace. Raises NotFound."""
    keys = keys_of(desk.workspace).filter(domain=find_domain(desk, id))
    key = keys.filter(pk=read("dkm", key_id)).first()
    if key is None:
        raise NotFound(f"There is no signing key {key_id} here.")
    return key
