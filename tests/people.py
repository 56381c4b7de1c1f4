"""The people of every test: Alice owns a workspace, Bob works there, Charlie is a stranger."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.test import Client
from rest_framework.test import APIClient

from project.tenancy.models import ApiKey, User, Workspace
from tests.make import api_of, make_key, make_member, make_user, make_workspace


@dataclass(frozen=True)
class Person:
    """Somebody in a workspace, with a key of their own that may do everything."""

    user: User
    workspace: Workspace
    api_key: ApiKey
    key: str

    @property
    def api(self) -> APIClient:
        """A client that sends the key."""
        return api_of(self.key)

    @property
    def browser(self) -> Client:
        """A client that is signed in."""
        client = Client()
        client.force_login(self.user)
        return client


def make_person(name: str, *, workspace: Workspace, role: str) -> Person:
    user = make_member(
        workspace=workspace, user=make_user(email=f"{name}@acme.test", name=name), role=role
    )
    key, secret = make_key(workspace, name=name)
    return Person(user=user, workspace=workspace, api_key=key, key=secret)


@pytest.fixture
def alice(db: None) -> Person:
    return make_person("alice", workspace=make_workspace(name="Acme"), role="owner")


@pytest.fixture
def bob(alice: Person) -> Person:
    return make_person("bob", workspace=alice.workspace, role="member")


@pytest.fixture
def charlie(db: None) -> Person:
    return make_person("charlie", workspace=make_workspace(name="Stranger"), role="owner")
