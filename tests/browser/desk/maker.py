"""Makes people and mail in the database of an installation, a line of JSON at a time.

Run in the installation's own environment, it answers each request within milliseconds; a
management command takes a second to start.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from typing import Any
from uuid import UUID

import django

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402

from messaging.inboxes import create_inbox  # noqa: E402
from project.ids import spell  # noqa: E402
from project.tenancy.models import Member, Post, Role, User, Workspace  # noqa: E402
from project.tenancy.services import create_key  # noqa: E402
from tests.browser.desk.crowds import CROWDS  # noqa: E402

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
numbers = count(1)


def make_desk() -> dict[str, Any]:
    """A workspace with Alice (owner), Bob (member), an inbox and a key; and Charlie elsewhere."""
    number = next(numbers)
    acme = Workspace.objects.create(name=f"Acme {number}")
    other = Workspace.objects.create(name=f"Other {number}")
    inbox = create_inbox(workspace=acme, address=f"hello{number}@acme.test", name="Acme")
    create_inbox(workspace=other, address=f"other{number}@acme.test", name="Other")
    _, key = create_key(workspace=acme)
    return {
        "workspace": acme.pk.hex,
        "inbox": spell("inb", inbox.pk),
        "address": inbox.address,
        "key": key,
        "people": {
            "alice": make_person(f"alice{number}@acme.test", acme, Role.OWNER),
            "bob": make_person(f"bob{number}@acme.test", acme, Role.MEMBER),
            "charlie": make_person(f"charlie{number}@other.test", other, Role.OWNER),
        },
    }


def make_person(email: str, workspace: Workspace, role: Role) -> dict[str, str]:
    """Somebody who is signed in already."""
    user = User.objects.create_user(email, None)
    Member.objects.create(workspace=workspace, user=user, role=role)
    return sign_in(user)


def make_officer(workspace: str, duty: str) -> dict[str, str]:
    """Somebody with a post of one workspace in the back office, signed in already."""
    user = User.objects.create_user(f"{duty}{next(numbers)}@office.test", None, is_staff=True)
    Post.objects.create(user=user, duty=duty, workspace_id=UUID(workspace))
    return sign_in(user)


def make_rows(workspace: str, kind: str, number: int, mark: str) -> list[str]:
    """Many rows of a kind that can be told by a word; the ids of the first ones."""
    return [str(id) for id in CROWDS[kind](Workspace.objects.get(pk=workspace), number, mark)[:9]]


def sign_in(user: User) -> dict[str, str]:
    """A person's address, and a session of theirs."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return {"email": user.email, "session": str(session.session_key)}


if __name__ == "__main__":
    for line in sys.stdin:
        words = json.loads(line)
        answer = globals()[words.pop("make")](**words)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
