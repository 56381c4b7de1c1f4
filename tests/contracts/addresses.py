"""Every address of every contract, as its URL map has it, with ids of things that are Alice's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from django.utils import timezone

from attachments.models import Attachment
from drafts.models import Draft
from drafts.services import create_draft
from messaging.acceptance import Filing
from messaging.contacts import Contact, create_customer
from messaging.enclosures import Enclosure
from messaging.folders import create_folder
from messaging.models import Customer, Folder, Inbox, Message, Suppression
from messaging.services import send_message
from project.contracts.base import Contract
from project.contracts.doors import DOORS
from project.events.models import WebhookEndpoint
from project.events.webhooks.endpoints import create_webhook
from project.ids import new_id, spell, spell_hex
from project.tenancy.models import Workspace
from tests.drafts.make import ANN, limits_of
from tests.messaging.make import LETTER, make_file, make_inbox

HOOK: Final = "https://hooks.invalid/in"
NAMES: Final = tuple(door.name for door in DOORS)
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
PARAMETER: Final = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>")
ALTERNATIVES: Final = re.compile(r"\(\?P<\w+>([^()|]+)\|[^()]*\)=\(\?P<value>[^()]*\)")


@dataclass(frozen=True)
class Things:
    """One of each thing that a contract has addresses for, all of one workspace."""

    workspace: Workspace
    inbox: Inbox
    customer: Customer
    folder: Folder
    file: Attachment  # the message's
    drafted: Attachment  # the draft's
    draft: Draft
    message: Message
    scheduled: Message
    webhooks: Mapping[str, WebhookEndpoint]  # by the door at which each was made
    suppression: Suppression


def make_things(workspace: Workspace, *, address: str) -> Things:
    """A workspace with a life of its own."""
    inbox = make_inbox(workspace, address=address)
    customer = create_customer(workspace=workspace, emails=[Contact("ann@example.com")])
    file = make_file(workspace, filename="invoice.pdf")
    drafted = make_file(workspace, b"%PDF-1.4 drafted", filename="draft.pdf")
    draft = create_draft(
        workspace=workspace,
        inbox=inbox,
        enclosures=[Enclosure(drafted)],
        limits=limits_of(Draft(workspace=workspace)),
        to=[ANN],
        subject="Not yet",
        text="To come.",
        customer=customer,
    )
    limits = limits_of(draft)
    message = send_message(
        inbox=inbox,
        letter=LETTER,
        enclosures=[Enclosure(file)],
        limits=limits,
        filing=Filing(customer=customer),
    )
    scheduled = send_message(
        inbox=inbox,
        letter=LETTER,
        enclosures=[],
        limits=limits,
        due_at=timezone.now() + timedelta(days=1),
    )
    return Things(
        workspace=workspace,
        inbox=inbox,
        customer=customer,
        folder=create_folder(inbox=inbox, name="Letters"),
        file=file,
        drafted=drafted,
        draft=draft,
        message=message,
        scheduled=scheduled,
        webhooks={
            door: create_webhook(
                workspace=workspace, dialect=door, url=HOOK, events=["email.accepted"]
            )
            for door in ("agentsend", "nylas", "bird")
        },
        suppression=Suppression.objects.create(workspace=workspace, email="no@example.com"),
    )


@dataclass(frozen=True)
class Address:
    """One entry of a contract's URL map."""

    door: str
    path: str  # parameters as <word>, the word before them in the path
    methods: tuple[str, ...]
    view: Any = field(compare=False)

    def __str__(self) -> str:
        return f"{self.door} {self.path}"

    @property
    def words(self) -> list[str]:
        """What the path's parameters are: the nouns before them."""
        return re.findall(r"<(\w+)>", self.path)

    def with_ids(self, things: Things, *, ending: str | None = None) -> str:
        """The path with ids of these things in the contract's spelling, and the query it needs.

        `ending` takes the place of the path's last letter, or goes behind it if it is a slash.
        """
        spelt = SPELLINGS[self.door]
        path = self.path
        for noun in self.words:
            path = path.replace(f"<{noun}>", spelt[noun](things, self), 1)
        if ending:
            path = f"{path if ending == '/' else path[:-1]}{ending}"
        if self.door == "nylas" and "attachments" in self.words:
            path += f"?message_id={spell_hex(things.message.pk)}"
        return path


def addresses_of(door: str) -> list[Address]:
    """All addresses of a contract."""
    patterns = import_module(f"project.contracts.{door}.urls").urlpatterns
    return [
        Address(door, path, _methods(pattern.callback.cls), pattern.callback.cls)
        for pattern in patterns
        for path in _paths(str(pattern.pattern))
    ]


def contract_of(door: str) -> Contract[Any]:
    """The contract's own object."""
    module = import_module(f"project.contracts.{door}.errors")
    (found,) = [one for one in vars(module).values() if isinstance(one, Contract)]
    return found


def _methods(view: type) -> tuple[str, ...]:
    return tuple(name for name in METHODS if hasattr(view, name.lower()))


def _paths(route: str) -> Iterator[str]:
    """The path, or for an expression such as `customers/(id|email)=value` one that fits."""
    path = "/" + route.removeprefix("^").removesuffix(r"\Z").removesuffix("$").replace("\\", "")
    if match := ALTERNATIVES.search(path):
        noun = path[: match.start()].rstrip("/").rpartition("/")[2]
        yield f"{path[: match.start()]}{match[1]}=<{noun}>"
        return
    parts = path.split("/")
    for place, part in enumerate(parts):
        if PARAMETER.fullmatch(part):
            noun = next(one for one in reversed(parts[:place]) if one.isalpha())
            parts[place] = f"<{noun}>"
    yield "/".join(parts)


Spell = Callable[[Things, Address], str]


def _file_of(things: Things, address: Address) -> Attachment:
    return things.drafted if "drafts" in address.words else things.file


SPELLINGS: Final[Mapping[str, Mapping[str, Spell]]] = {
    "kustomer": {
        "customers": lambda things, _: spell_hex(things.customer.pk),
        "drafts": lambda things, _: spell_hex(things.draft.pk),
        "messages": lambda things, _: spell_hex(things.message.pk),
        "attachments": lambda things, address: spell_hex(_file_of(things, address).pk),
        "conversations": lambda things, _: spell_hex(things.message.thread_id),
    },
    "emailapi": {
        "attachments": lambda things, _: spell("att", things.file.pk),
        "messages": lambda things, _: spell("msg", things.message.pk),
    },
    "agentsend": {
        "attachments": lambda things, _: spell("att", things.file.pk),
        "inboxes": lambda things, _: str(things.inbox.pk),
        "messages": lambda things, _: spell("msg", things.message.pk),
        "threads": lambda things, _: spell("thr", things.message.thread_id),
        "webhooks": lambda things, _: spell("wh", things.webhooks["agentsend"].pk),
        "domains": lambda *_: spell("dom", new_id()),
    },
    "nylas": {
        "grants": lambda things, _: str(things.inbox.pk),
        "drafts": lambda things, _: spell_hex(things.draft.pk),
        "messages": lambda things, _: spell_hex(things.message.pk),
        "threads": lambda things, _: spell_hex(things.message.thread_id),
        "folders": lambda things, _: spell_hex(things.folder.pk),
        "schedules": lambda things, _: spell_hex(things.scheduled.pk),
        "attachments": lambda things, _: spell_hex(things.file.pk),
        "webhooks": lambda things, _: spell_hex(things.webhooks["nylas"].pk),
    },
    "bird": {
        "messages": lambda things, _: spell("em", things.message.pk),
        "attachments": lambda things, _: spell("ea", things.file.pk),
        "suppressions": lambda things, _: spell("sup", things.suppression.pk),
        "webhooks": lambda things, _: spell("whk", things.webhooks["bird"].pk),
    },
}
