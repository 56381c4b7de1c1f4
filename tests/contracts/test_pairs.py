"""Six doors, one house: what one does, the others see, and the bytes are the same everywhere."""

from __future__ import annotations

from email import message_from_bytes, policy
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from messaging.models import Delivery, Inbox, Message
from messaging.outbox.drain import deliver_due
from project.ids import spell
from tests.contracts.addresses import NAMES
from tests.contracts.clients import CLIENTS, INBOX, Refused, who_can
from tests.messaging.make import make_inbox
from tests.people import Person

pytestmark = pytest.mark.django_db

NAME = "Rechnung März.pdf"
CONTENT = b"%PDF-1.4 the same at every door \0\xff\r\n.\r\n"
SEEN = (NAME, len(CONTENT))
DIGEST = sha256(CONTENT).hexdigest()


def each(name: str, verb: str) -> Any:
    """Every door that has a verb, in turn."""
    return pytest.mark.parametrize(name, who_can(verb))


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address=INBOX, name="Alice")


@pytest.fixture
def doors(alice: Person, inbox: Inbox) -> dict[str, Any]:
    """Alice at every door."""
    return {name: kind(alice.api) for name, kind in CLIENTS.items()}


@pytest.fixture
def others(bob: Person, charlie: Person) -> dict[str, dict[str, Any]]:
    """Bob and Charlie at every door."""
    people = {"bob": bob, "charlie": charlie}
    return {
        who: {name: kind(person.api) for name, kind in CLIENTS.items()}
        for who, person in people.items()
    }


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def is_missing(do: Any, *given: Any) -> bool:
    """Whether a door says 404, and nothing else."""
    try:
        do(*given)
    except Refused as no:
        assert no.status == 404, no
        return True
    return False


def let_it_leave(message: UUID) -> None:
    """Have the mail delivered, to the tray."""
    deliver_due()
    states = set(Delivery.objects.filter(message=message).values_list("state", flat=True))
    assert states <= {Delivery.State.DONE}


def test_every_door_has_a_client() -> None:
    assert set(CLIENTS) == {"native", *NAMES}


@each("giver", "upload")
@each("taker", "file_bytes")
def test_a_file_uploaded_at_one_door_is_the_same_at_another(
    giver: str, taker: str, doors: dict[str, Any], others: dict[str, Any]
) -> None:
    file = doors[giver].upload(CONTENT, NAME)
    assert doors[taker].file(file) == SEEN
    assert digest(doors[taker].file_bytes(file)) == DIGEST
    assert digest(others["bob"][taker].file_bytes(file)) == DIGEST
    assert is_missing(others["charlie"][taker].file, file)


@each("giver", "upload")
def test_it_is_counted_where_uploads_are_counted(giver: str, doors: dict[str, Any]) -> None:
    file = doors[giver].upload(CONTENT, NAME)
    assert doors["emailapi"].files() == ({file}, 1)
    listed = doors["native"].ask("GET", "/api/v1/attachments?count=true&unused=true")
    assert ([one["id"] for one in listed["data"]], listed["total"]) == ([spell("att", file)], 1)


@each("giver", "upload")
@each("sender", "send")
def test_it_can_be_sent_by_another_and_every_door_shows_it(
    giver: str, sender: str, doors: dict[str, Any]
) -> None:
    file = doors[giver].upload(CONTENT, NAME)
    message = doors[sender].send(file)
    for name in who_can("message"):
        assert doors[name].message(message) == [(file, SEEN)], name
    for name in who_can("message_bytes"):
        assert digest(doors[name].message_bytes(message, file)) == DIGEST, name
    for name in who_can("file_bytes"):
        assert digest(doors[name].file_bytes(file)) == DIGEST, name
    assert doors["emailapi"].uses(file) == [message]
    uses = doors["native"].ask("GET", f"/api/v1/attachments/{spell('att', file)}/uses")["data"]
    assert [(one["kind"], one["id"]) for one in uses] == [("message", spell("msg", message))]


@each("sender", "send_bytes")
def test_bytes_sent_by_one_are_the_same_at_all_others_and_in_the_mail(
    sender: str, doors: dict[str, Any], others: dict[str, Any]
) -> None:
    message = doors[sender].send_bytes(CONTENT, NAME)
    let_it_leave(message)
    ((file, seen),) = doors["native"].message(message)
    assert seen == SEEN
    for name in who_can("message"):
        ((known, shown),) = doors[name].message(message)
        assert shown == SEEN, name
        assert known == file or (name == "emailapi" and known is None)
        assert is_missing(others["charlie"][name].message, message)
    for name in who_can("message_bytes"):
        assert digest(doors[name].message_bytes(message, file)) == DIGEST, name
        assert is_missing(others["charlie"][name].message_bytes, message, file)
    raw = doors["native"].bytes_at(f"/api/v1/messages/{spell('msg', message)}/raw")
    mail: Any = message_from_bytes(raw, policy=policy.default)
    (part,) = mail.iter_attachments()
    assert part.get_filename() == NAME
    assert digest(part.get_payload(decode=True)) == DIGEST


@each("sender", "message")
def test_a_message_is_in_the_lists_of_all_doors(sender: str, doors: dict[str, Any]) -> None:
    """Kustomer lists by customer, so there only what is a customer's."""
    client = doors[sender]
    message = (
        client.send_bytes(CONTENT, NAME)
        if hasattr(client, "send_bytes")
        else client.send(client.upload(CONTENT, NAME))
    )
    for name in who_can("listed"):
        if name != "kustomer" or sender == "kustomer":
            assert message in doors[name].listed(), name


@each("killer", "delete_file")
@each("giver", "upload")
def test_a_file_deleted_at_one_door_is_gone_from_all(
    giver: str, killer: str, doors: dict[str, Any]
) -> None:
    file = doors[giver].upload(CONTENT, NAME)
    doors[killer].delete_file(file)
    for name in who_can("file"):
        assert is_missing(doors[name].file, file), name
    for name in who_can("send"):
        with pytest.raises(Refused):
            doors[name].send(file)
    for name in who_can("delete_file"):
        assert is_missing(doors[name].delete_file, file), name
    assert doors["emailapi"].files() == (set(), 0)
    assert not Message.objects.exists()


@each("killer", "delete_message")
@each("sender", "message")
def test_a_message_deleted_for_good_is_gone_from_all(
    sender: str, killer: str, doors: dict[str, Any]
) -> None:
    client = doors[sender]
    message = (
        client.send_bytes(CONTENT, NAME)
        if hasattr(client, "send_bytes")
        else client.send(client.upload(CONTENT, NAME))
    )
    let_it_leave(message)
    doors[killer].delete_message(message)
    for name in who_can("message"):
        assert is_missing(doors[name].message, message), name
    for name in who_can("listed"):
        assert message not in doors[name].listed(), name


def test_a_message_put_away_is_in_the_trash_of_the_others(doors: dict[str, Any]) -> None:
    message = doors["agentsend"].send(doors["agentsend"].upload(CONTENT, NAME))
    let_it_leave(message)
    doors["agentsend"].put_away(message)
    assert is_missing(doors["agentsend"].message, message)
    found = doors["native"].ask("GET", f"/api/v1/messages/{spell('msg', message)}")
    folders = doors["native"].ask("GET", f"/api/v1/inboxes/{found['inbox_id']}/folders")["data"]
    assert [one["role"] for one in folders if one["id"] == found["folder_id"]] == ["trash"]
    for name in ("native", "nylas", "bird"):
        assert message not in doors[name].listed(), name


@each("writer", "write_draft")
@each("reader", "draft")
@each("killer", "delete_draft")
def test_a_draft_is_one_draft(
    writer: str, reader: str, killer: str, doors: dict[str, Any], others: dict[str, Any]
) -> None:
    draft = doors[writer].write_draft()
    assert doors[reader].draft(draft) == "Draft"
    assert is_missing(others["charlie"][reader].draft, draft)
    assert is_missing(others["charlie"][killer].delete_draft, draft)
    doors[killer].delete_draft(draft)
    assert is_missing(doors[reader].draft, draft)


def test_a_sent_message_may_get_a_file_of_another_door(doors: dict[str, Any]) -> None:
    """Only in the record: it was not in the mail, and the doors that show mail leave it out."""
    message = doors["native"].send_bytes(CONTENT, NAME)
    let_it_leave(message)
    late = doors["agentsend"].upload(b"%PDF-1.4 late", "late.pdf")
    entry = {"_id": late.hex[:24], "name": "late.pdf", "contentType": "application/pdf"}
    body = {"attachments": [{**entry, "contentLength": 13}]}
    doors["kustomer"].ask("PUT", f"/v1/messages/{message.hex[:24]}", body)
    assert [seen for _, seen in doors["kustomer"].message(message)] == [SEEN, ("late.pdf", 13)]
    assert [seen for _, seen in doors["bird"].message(message)] == [SEEN]
    raw = doors["native"].bytes_at(f"/api/v1/messages/{spell('msg', message)}/raw")
    assert b"late.pdf" not in raw
