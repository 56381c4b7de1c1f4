"""A workspace in which everything exists that the API speaks of, and the real ids in it."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from schemathesis import Case

from messaging.contacts import create_customer
from messaging.models import Message
from project.events.models import WebhookDelivery
from project.ids import spell
from tests.attachments.tus.client import make_upload
from tests.drafts.make import make_draft
from tests.events.make import make_endpoint, make_events
from tests.messaging.make import (
    make_arrival,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
)
from tests.people import Person

#: the second segment of a path -> what its `id` begins with
PREFIXES = {
    "arrivals": "arr",
    "attachments": "att",
    "customers": "cus",
    "drafts": "drf",
    "inboxes": "inb",
    "keys": "key",
    "messages": "msg",
    "threads": "thr",
    "uploads": "upl",
    "webhooks": "whk",
}
#: field of a body -> what its id begins with
FIELDS = {
    "inbox_id": "inb",
    "customer_id": "cus",
    "thread_id": "thr",
    "folder_id": "fol",
    "in_reply_to": "msg",
    "id": "att",
}

House = dict[str, str]


def make_house(person: Person) -> House:
    """Make one of everything; gives the ids by their prefix."""
    inbox = make_inbox(person.workspace, address="desk@acme.test")
    file = make_file(person.workspace)
    late = make_reservation(person.workspace)
    message = make_message(inbox, files=[file])
    thread = Message.objects.get(pk=message.pk).thread
    assert thread is not None
    folder = inbox.folders.filter(role="").first() or inbox.folders.first()
    assert folder is not None
    return {
        "inb": spell("inb", inbox.pk),
        "att": spell("att", file.pk),
        "drf": spell("drf", make_draft(inbox, files=[file, late]).pk),
        "msg": spell("msg", message.pk),
        "thr": spell("thr", thread.pk),
        "fol": spell("fol", folder.pk),
        "cus": spell("cus", create_customer(workspace=person.workspace, name="Ann").pk),
        "key": spell("key", person.api_key.pk),
        "upl": spell("upl", make_upload(person.workspace).pk),
        **make_webhook(person),
        "arr": spell("arr", make_arrival(inbox, b"Subject: x\r\n\r\ny").pk),
    }


def make_webhook(person: Person) -> House:
    """A webhook that was told something."""
    endpoint = make_endpoint(person.workspace)
    (event,) = make_events(person.workspace, "message.sent")
    told = WebhookDelivery.objects.create(endpoint=endpoint, event=event, state="delivered")
    return {"whk": spell("whk", endpoint.pk), "whd": spell("whd", told.pk)}


def lead_in(case: Case, house: House) -> None:
    """Put real ids into about two of three requests, so that most get past the 404."""
    for name in case.path_parameters:
        given = str(case.path_parameters[name])
        if crc32(given.encode("utf-8", "surrogatepass")) % 3:
            case.path_parameters[name] = house[_prefix(case.path, name)]
    if isinstance(case.body, dict):
        for name, prefix in FIELDS.items():
            value: Any = case.body.get(name)
            if isinstance(value, str) and len(value) % 3:
                case.body[name] = house[prefix]


def lead_to(path: str, house: House) -> str:
    """The path of an operation with real ids in it."""
    for name in ("id", "attachment_id", "delivery_id", "folder_id"):
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", house[_prefix(path, name)])
    return path


def _prefix(path: str, name: str) -> str:
    if name == "id":
        return PREFIXES[path.split("/")[3]]
    return {"attachment_id": "att", "delivery_id": "whd", "folder_id": "fol"}[name]
