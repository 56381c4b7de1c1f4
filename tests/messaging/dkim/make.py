"""Sender domains with keys."""

from __future__ import annotations

from messaging.dkim.keys import check_signing_key, make_signing_key
from messaging.models import SigningKey
from project.tenancy.models import Domain, Workspace
from tests.services.name_server import NameServer


def make_domain(workspace: Workspace, name: str = "sender.example") -> Domain:
    """A mail domain that an operator has given to a workspace."""
    return Domain.objects.create(workspace=workspace, name=name)


def publish(key: SigningKey, server: NameServer) -> None:
    """Paste the record of a key where the pages say."""
    server.put(key.record_name, *key.record_strings)


def make_active_key(domain: Domain, server: NameServer, *, selector: str = "") -> SigningKey:
    """A key that signs, its record in DNS."""
    key = make_signing_key(domain=domain, selector=selector)
    publish(key, server)
    return check_signing_key(key=key)
