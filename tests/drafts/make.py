"""Drafts, and what they carry, made in a word."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import pytest

from attachments.limits import Limits
from attachments.models import Attachment
from drafts.models import Draft
from drafts.services import create_draft
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.models import Inbox
from project.ids import spell
from project.tenancy.models import Workspace
from tests.messaging.make import make_inbox

URL = "/api/v1/drafts"
ANN = Address("ann@example.com", "Ann")


def url_of(draft: Draft, *rest: Any) -> str:
    """Where a draft is; what follows may be attachments."""
    parts = [spell("att", part.pk) if isinstance(part, Attachment) else part for part in rest]
    return "/".join([URL, spell("drf", draft.pk), *parts])


def make_draft(
    inbox: Inbox | None, *, workspace: Workspace | None = None, files: Sequence[Any] = (), **fields
) -> Draft:
    """A draft that can be sent; `files` are attachments or enclosures."""
    owner = workspace or inbox.workspace
    enclosures = [one if isinstance(one, Enclosure) else Enclosure(one) for one in files]
    written = {"to": [ANN], "subject": "Hello", "text": "Here it is.", **fields}
    return create_draft(
        workspace=owner,
        inbox=inbox,
        enclosures=enclosures,
        limits=Limits.for_workspace(owner),
        **written,
    )


def limits_of(draft: Draft) -> Limits:
    return Limits.for_workspace(draft.workspace)


def again(draft: Draft) -> Draft:
    """The draft as the database has it now."""
    return Draft.objects.in_full().get(pk=draft.pk)


def base64(content: bytes) -> str:
    return b64encode(content).decode()


def error_of(response: Any) -> dict[str, Any]:
    return response.json()["error"]


def names_of(draft: Draft) -> list[str]:
    return [file.name for file in again(draft).files]


@pytest.fixture
def inbox(alice: Any) -> Inbox:
    """Alice's inbox, desk@acme.test."""
    return make_inbox(alice.workspace, address="desk@acme.test", name="Acme")
