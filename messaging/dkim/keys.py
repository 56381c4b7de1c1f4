"""The life of signing keys: made, seen in DNS, signing, stopped, removed.

A domain is a workspace's because an operator has said so; that whoever makes a key also has the
domain in their hands is shown by its record in DNS, without which nothing is signed.
"""

from __future__ import annotations

import base64
import re
import secrets

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from messaging.dkim.errors import (
    InvalidSelector,
    KeyNeeded,
    KeyNotActive,
    KeyNotNew,
    KeyWaiting,
    SelectorTaken,
)
from messaging.dkim.lookup import problem_of, records_of
from messaging.models import Delivery, SigningKey
from project.events.services import emit, happened
from project.tenancy.models import Domain, Workspace

State = SigningKey.State

#: every verifier takes RSA, and 2048 bits are what signers should use (RFC 8301, section 3.2)
KEY_BITS = 2048
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def keys_of(workspace: Workspace) -> QuerySet[SigningKey]:
    """The signing keys of a workspace, the newest first."""
    return SigningKey.objects.filter(domain__workspace=workspace).order_by("-id")


@transaction.atomic
def make_signing_key(*, domain: Domain, selector: str = "") -> SigningKey:
    """A new key for a domain, which signs nothing yet; a selector is made up if none is given.

    Raises InvalidSelector, SelectorTaken, KeyWaiting.
    """
    selector = selector or _fresh_selector()
    _lock(domain)
    check_new_key(domain=domain, selector=selector)
    private = generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = SigningKey(
        domain=domain,
        selector=selector,
        private_key=pem.decode(),
        public_key=base64.b64encode(public).decode(),
    )
    key.save(force_insert=True)
    _tell("signingkey.created", key)
    return key


def check_new_key(*, domain: Domain, selector: str) -> None:
    """Raises InvalidSelector, SelectorTaken or KeyWaiting if a domain cannot have such a key."""
    if not LABEL.fullmatch(selector):
        raise InvalidSelector(
            "A selector is made of small letters, digits and hyphens, at most 63.", field="selector"
        )
    keys = SigningKey.objects.filter(domain=domain)
    if keys.filter(selector=selector).exists():
        raise SelectorTaken(f"{domain} has a key {selector} already.", field="selector")
    if keys.filter(state=State.NEW).exists():
        raise KeyWaiting(f"{domain} has a new key, that waits for its record. Remove it first.")


def check_signing_key(*, key: SigningKey) -> SigningKey:
    """Look in DNS for a key's record; a new key that is found signs from now on.

    Raises DnsSilent. The key as it is then.
    """
    found = records_of(key)  # before the transaction: DNS may take its time
    problem = problem_of(key, found["dkim"])
    with transaction.atomic():
        held = _locked(key)
        held.found, held.problem, held.checked_at = found, problem, timezone.now()
        held.save(update_fields=["found", "problem", "checked_at"])
        if held.state == State.NEW and not problem:
            _start(held)
    return held


@transaction.atomic
def start_signing_key(*, key: SigningKey) -> None:
    """Have a new key sign, whatever DNS says of it; raises KeyNotNew."""
    held = _locked(key)
    if held.state != State.NEW:
        raise KeyNotNew("It signs already, or has been stopped for good.")
    _start(held)


@transaction.atomic
def stop_signing_key(*, key: SigningKey) -> None:
    """Have a key sign nothing new: the domain's mail goes unsigned. Raises KeyNotActive."""
    held = _locked(key)
    if held.state != State.ACTIVE:
        raise KeyNotActive("It does not sign.")
    _stop(held)


@transaction.atomic
def remove_signing_key(*, key: SigningKey) -> None:
    """Forget a key that nothing needs any more; raises KeyNeeded."""
    held = _locked(key)
    if why := need_of(held):
        raise KeyNeeded(why)
    _tell("signingkey.deleted", held)
    held.delete()


def need_of(key: SigningKey) -> str:
    """Why a key and its record must stay, for people; blank: nothing needs them."""
    if key.state == State.ACTIVE:
        return "It signs. Stop it first, or have a new key take its place."
    until = key.keeps_record_until()
    if until and timezone.now() < until:
        return f"Mail that it has signed may be on its way until {until:%Y-%m-%d}."
    if _has_mail_under_way(key):
        return "Mail that it has signed is still being tried."
    return ""


def _has_mail_under_way(key: SigningKey) -> bool:
    """Whether mail of the workspace that was tried while it signed is not done with."""
    tried = Delivery.objects.open().filter(
        attempts__gt=0, message__workspace=key.domain.workspace_id
    )
    return bool(key.retired_at) and tried.filter(message__created_at__lte=key.retired_at).exists()


def _start(key: SigningKey) -> None:
    """Have a locked key sign in place of the one before it."""
    now = timezone.now()
    for before in SigningKey.objects.filter(domain=key.domain_id, state=State.ACTIVE):
        _stop(before)
    key.state, key.active_at = State.ACTIVE, now
    key.save(update_fields=["state", "active_at"])
    _tell("signingkey.started", key)


def _stop(key: SigningKey) -> None:
    key.state, key.retired_at = State.RETIRED, timezone.now()
    key.save(update_fields=["state", "retired_at"])
    _tell("signingkey.stopped", key)


def _locked(key: SigningKey) -> SigningKey:
    """The key as it is now; until the transaction ends nobody else changes one of its domain."""
    _lock(key.domain)
    return SigningKey.objects.get(pk=key.pk)


def _lock(domain: Domain) -> None:
    Domain.objects.select_for_update(no_key=True).get(pk=domain.pk)


def _tell(kind: str, key: SigningKey) -> None:
    emit(
        happened(
            kind,
            workspace_id=key.domain.workspace_id,
            subject_id=key.pk,
            payload={"domain": key.domain.name, "selector": key.selector},
        )
    )


def _fresh_selector() -> str:
    return f"e{timezone.now():%Y%m%d}-{secrets.token_hex(2)}"
