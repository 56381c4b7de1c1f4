"""From a request to the mail that leaves, through the processes of a live installation."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from project.ids import read_hex, spell
from tests.contracts.nylas.wire import (
    BOUNDARY,
    ICS,
    JACOB,
    digest,
    file_part,
    form_of,
    message_part,
)

FORM = f"multipart/form-data; boundary={BOUNDARY}"
BIG = bytes(range(256)) * 80_000  # 20 480 000 bytes


def in_chunks(body: bytes, size: int = 100_000) -> Iterator[bytes]:
    """A body without a length, as the Node library sends it."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def post(live: Any, path: str, body: Any, content_type: str = FORM) -> requests.Response:
    return requests.post(
        f"{live.url}/v3/grants/{live.grant_id}/{path}",
        data=body,
        headers={"Authorization": f"Bearer {live.key}", "Content-Type": content_type},
        timeout=120,
    )


def captured(live: Any, sent: dict[str, Any]) -> tuple[EmailMessage, list[str]]:
    """The mail that left, and whom it went to."""
    id = read_hex(sent["id"])
    live.work()
    live.wait_for_status(spell("msg", id), "sent", timeout=60)
    rows = live.installation.rows(
        "SELECT c.key, c.recipients FROM messaging_captured c"
        " JOIN messaging_delivery d ON d.id = c.delivery_id"
        f" WHERE d.message_id = '{id.hex}'"
    )
    (key, recipients), *others = rows
    assert not others
    source = (live.installation.data / "files" / key).read_bytes()
    mail = message_from_bytes(source, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail, recipients


@pytest.mark.live
def test_r3_a_chunked_form_leaves_with_its_files(live_url):
    body = form_of(
        message_part({"to": [JACOB], "subject": "big", "body": "<p>x</p>"}),
        file_part("file0", BIG, "big.bin"),
        file_part("cal", ICS, "invite.ics", "text/calendar"),
    )
    answer = post(live_url, "messages/send", in_chunks(body))
    assert answer.status_code == 200, answer.text
    mail, _ = captured(live_url, answer.json()["data"])
    files = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    assert {name: digest(part.get_payload(decode=True)) for name, part in files.items()} == {
        "big.bin": digest(BIG),
        "invite.ics": digest(ICS),
    }


@pytest.mark.live
def test_r51_bcc_gets_the_mail_and_is_not_in_it(live_url):
    source = EmailMessage()
    source["To"], source["Bcc"] = "a@example.com", "secret@example.com"
    source["Subject"] = "raw"
    source.set_content("hello")
    source.add_attachment(ICS, "text", "calendar", filename="invite.ics")
    part = file_part("mime", source.as_bytes(), "message.eml", "message/rfc822")
    answer = post(live_url, "messages/send?type=mime", in_chunks(form_of(part)))
    assert answer.status_code == 200, answer.text
    mail, recipients = captured(live_url, answer.json()["data"])
    assert "secret@example.com" in recipients
    assert b"secret" not in mail.as_bytes()
    files = [part for part in mail.walk() if part.get_filename() == "invite.ics"]
    assert [digest(one.get_payload(decode=True)) for one in files] == [digest(ICS)]


@pytest.mark.live
@pytest.mark.parametrize("is_chunked", [True, False])
def test_r19_a_body_is_read_to_its_end_before_it_is_refused(live_url, is_chunked):
    parts = (message_part({"to": [JACOB]}), file_part("file0", BIG + BIG, "big.bin"))
    body = form_of(*parts)
    answer = post(live_url, "messages/send", in_chunks(body) if is_chunked else body)
    assert answer.status_code == 413
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "40,960,000" in answer.json()["error"]["message"]
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.live
def test_r19_the_connection_of_a_refused_body_is_good_for_the_next_request(live_url):
    body = form_of(message_part({"to": [JACOB]}), file_part("file0", BIG + BIG, "big.bin"))
    url = f"{live_url.url}/v3/grants/{live_url.grant_id}"
    with requests.Session() as session:
        for secret, status in (("wrong", 401), (live_url.key, 413)):
            headers = {"Authorization": f"Bearer {secret}", "Content-Type": FORM}
            refused = session.post(f"{url}/drafts", data=in_chunks(body), headers=headers)
            assert refused.status_code == status
            headers = {"Authorization": f"Bearer {live_url.key}"}
            assert session.get(f"{url}/drafts", headers=headers).json()["data"] == []
