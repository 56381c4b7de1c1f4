"""One key, many equal requests at the same moment: one effect."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from tests.live.office import Office
from tests.services.smtp_sink import SmtpSink

AT_ONCE = 20
LETTER = {"to": ["ann@example.com"], "subject": "Once", "text": "Only once.\n"}


def all_at_once(office: Office, path: str, **words: Any) -> list[requests.Response]:
    """The answers to equal requests that leave together."""
    barrier = Barrier(AT_ONCE)

    def ask(_: int) -> requests.Response:
        barrier.wait()
        return office.session.post(
            f"{office.installation.url}/api/v1{path}",
            headers={"Idempotency-Key": "the same"},
            timeout=60,
            **words,
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, range(AT_ONCE)))


def check(answers: list[requests.Response], *, status: int) -> dict[str, Any]:
    """Give the one effect that they tell of."""
    done = [answer for answer in answers if answer.status_code == status]
    refused = [answer for answer in answers if answer.status_code != status]
    assert {answer.status_code for answer in refused} <= {409}, Counter(map(str, answers))
    assert {answer.json()["error"]["code"] for answer in refused} <= {"request_in_progress"}
    replayed = [answer for answer in done if answer.headers.get("Idempotency-Replay") == "true"]
    assert len(done) == len(replayed) + 1
    first, *others = [answer.json() for answer in done]
    assert all(other == first for other in others)
    found: dict[str, Any] = first
    return found


@pytest.mark.slow
def test_twenty_equal_requests_have_one_effect(open_office, sink: SmtpSink):
    office = open_office(smtp_url=sink.url)
    message = check(all_at_once(office, "/messages", json=LETTER), status=202)
    again = all_at_once(office, "/messages", json=LETTER)
    assert check_replays(again) == message
    other = office.session.post(
        f"{office.installation.url}/api/v1/messages",
        headers={"Idempotency-Key": "the same"},
        json={**LETTER, "subject": "Twice"},
        timeout=60,
    )
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    office.wait_for_status(message["id"], "sent")
    assert [one["id"] for one in office.messages()] == [message["id"]]
    assert [mail.message_id for mail in sink.kept] == [message["rfc_message_id"]]


def check_replays(answers: list[requests.Response]) -> dict[str, Any]:
    """Give the answer that all of them repeat."""
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.headers["Idempotency-Replay"] for answer in answers} == {"true"}
    first, *others = [answer.json() for answer in answers]
    assert all(other == first for other in others)
    found: dict[str, Any] = first
    return found


@pytest.mark.slow
def test_twenty_equal_uploads_make_one_file(open_office):
    office = open_office(workers=0)
    files = {"file": ("a.bin", bytes(range(256)) * 4000)}
    file = check(all_at_once(office, "/attachments", files=files), status=201)
    assert [one["id"] for one in office.ask("GET", "/attachments")["data"]] == [file["id"]]
    assert office.installation.rows("SELECT count(*) FROM attachments_blob") == [(1,)]
