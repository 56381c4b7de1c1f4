"""Mail from one inbox of an installation to another: out of the outbox, in at the door."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.live.conftest import OpenOffice
from tests.live.office import Office, digest_of
from tests.services.servers import wait_until

pytestmark = pytest.mark.slow

HELLO, DESK = "hello@acme.test", "desk@acme.test"
CONTENT = random.Random(11).randbytes(2 * 1024 * 1024)
IMAGE = b"\x89PNG\r\n\x1a\n" + random.Random(12).randbytes(3000)
NAME = "Überblick für 2026 – №7.pdf"
HTML = '<p>Grüße</p><p><img src="cid:logo@acme.test"></p>'


@pytest.fixture
def office(open_office: OpenOffice) -> Office:
    return open_office(hasty=True)


def inboxes(office: Office) -> dict[str, str]:
    """The ids of the two inboxes, the second made here."""
    office.ask("POST", "/inboxes", json={"address": DESK}, status=201)
    return {one["address"]: one["id"] for one in office.ask("GET", "/inboxes")["data"]}


def arrived(office: Office, inbox: str, subject: str) -> dict[str, Any]:
    """The message in an inbox that came in with a subject, once it is there."""

    def find() -> dict[str, Any] | None:
        found = office.messages(direction="inbound", inbox_id=inbox)
        return next((one for one in found if one["subject"] == subject), None)

    message = wait_until(find, what=f"{subject!r} in {inbox}", timeout=60)
    assert message
    return office.message(message["id"])


def files(office: Office, message: dict[str, Any]) -> set[tuple[str, str, bool, str | None]]:
    """Name, digest of what is downloaded, and Content-ID of inline ones, of each file."""
    url = f"{office.installation.url}/api/v1/messages/{message['id']}/attachments"
    return {
        (
            one["filename"],
            digest_of(office.session.get(f"{url}/{one['id']}/content").content),
            one["inline"],
            one["content_id"] if one["inline"] else None,
        )
        for one in message["attachments"]
    }


def blobs(office: Office) -> tuple[int, int]:
    """How many files have been put down, and how many different bytes they are."""
    question = (
        "SELECT (SELECT count(*) FROM attachments_attachment WHERE origin <> 'received'),"
        " (SELECT count(*) FROM attachments_blob)"
    )
    ((attachments, blobs),) = office.installation.rows(question)
    return attachments, blobs


def send_draft(office: Office, draft: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change a draft and send it; gives its message."""
    if changes:
        office.ask("PATCH", f"/drafts/{draft['id']}", json=changes)
    office.ask("POST", f"/drafts/{draft['id']}/send", status=202)
    sent = office.draft(draft["id"])
    return office.message(sent["message_id"])


EVERYTHING = {
    (NAME, digest_of(CONTENT), False, None),
    ("logo.png", digest_of(IMAGE), True, "logo@acme.test"),
}
PICTURE = {("logo.png", digest_of(IMAGE), True, "logo@acme.test")}


def test_a_mail_with_files_goes_there_and_back(office: Office) -> None:
    office.installation.start_mail()
    ids = inboxes(office)
    file = office.upload(CONTENT, NAME)
    image = office.upload(IMAGE, "logo.png")
    carried = [file["id"], {"id": image["id"], "inline": True, "content_id": "logo@acme.test"}]
    sent = office.send(
        DESK, inbox_id=ids[HELLO], subject="Numbers", html=HTML, text="Grüße", attachments=carried
    )
    before = blobs(office)

    got = arrived(office, ids[DESK], "Numbers")
    assert files(office, got) == EVERYTHING
    assert "cid:logo@acme.test" in got["html"]
    assert got["rfc_message_id"] == sent["rfc_message_id"]
    assert office.wait_for_status(sent["id"], "sent")["recipients"][0]["status"] == "accepted"

    draft = office.ask("POST", f"/messages/{got['id']}/reply", status=201)
    shown = [one["id"] for one in got["attachments"] if one["inline"]]
    assert [one["id"] for one in draft["attachments"]] == shown
    reply = send_draft(office, draft)
    assert reply["thread_id"] == got["thread_id"]
    back = arrived(office, ids[HELLO], "Re: Numbers")
    assert back["thread_id"] == sent["thread_id"]
    assert files(office, back) == PICTURE
    assert "cid:logo@acme.test" in back["html"]

    draft = office.ask("POST", f"/messages/{got['id']}/forward", status=201)
    assert {one["id"] for one in draft["attachments"]} == {one["id"] for one in got["attachments"]}
    send_draft(office, draft, version=draft["version"], to=[HELLO])
    forwarded = arrived(office, ids[HELLO], "Fwd: Numbers")
    assert files(office, forwarded) == EVERYTHING
    assert "cid:logo@acme.test" in forwarded["html"]
    assert blobs(office) == before  # nothing was uploaded, or stored, once more


def test_an_inbox_that_writes_to_itself_has_both_in_one_thread(office: Office) -> None:
    office.installation.start_mail()
    sent = office.send("hello+notes@acme.test", subject="A note")
    got = arrived(office, office.ask("GET", "/inboxes")["data"][0]["id"], "A note")
    assert got["id"] != sent["id"]
    assert got["thread_id"] == sent["thread_id"]


def test_while_the_door_is_down_it_waits_in_sight(office: Office) -> None:
    ids = inboxes(office)
    sent = office.send(DESK, inbox_id=ids[HELLO], subject="Later")
    office.wait_for_status(sent["id"], "deferred")
    assert "message.deferred" in office.events(sent["id"])
    assert office.messages(direction="inbound") == []
    office.installation.start_mail()
    got = arrived(office, ids[DESK], "Later")
    assert got["text"].rstrip() == "Please see the files."
    office.wait_for_status(sent["id"], "sent", timeout=60)
    assert len(office.messages(direction="inbound")) == 1
