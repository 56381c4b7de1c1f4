"""A file that is late holds its mail back, and never leaves it without.

Promise 1, over HTTP, with plain curl for the uploads.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.live.office import Office, digest_of, put_with_curl
from tests.services.servers import wait_until
from tests.services.sinks import SinkProcess, StartSinkProcess
from tests.services.smtp_record import Transaction

UTC = UTC


def spelt(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def schedule(office: Office, files: list[str], *, seconds: float = 2.0) -> dict[str, Any]:
    """A draft with these files that is to leave in so many seconds."""
    letter = {"to": ["ann@example.com"], "subject": "Later", "text": "Enclosed.\n"}
    draft = office.ask("POST", "/drafts", json={**letter, "attachments": files}, status=201)
    moment = spelt(datetime.now(UTC) + timedelta(seconds=seconds))
    answer: dict[str, Any] = office.ask(
        "POST", f"/drafts/{draft['id']}/send", json={"send_at": moment}, status=202
    )
    return answer


def wait_for_state(office: Office, id: str, state: str, *, timeout: float = 15.0) -> dict[str, Any]:
    def has_it() -> dict[str, Any] | None:
        draft = office.draft(id)
        return draft if draft["state"] == state else None

    found = wait_until(has_it, what=f"state {state}", timeout=timeout, pause=0.05)
    assert found
    return found


def files_of(mail: Transaction) -> dict[str, str]:
    """The digests of a mail's files, by name."""
    parsed = message_from_bytes(mail.data, policy=policy.default)
    return {
        str(part.get_filename()): digest_of(part.get_payload(decode=True))
        for part in parsed.walk()
        if part.get_content_disposition() == "attachment"
    }


@pytest.mark.slow
@pytest.mark.parametrize(("files", "workers"), [("disk", 1), ("disk", 3), ("s3", 2)])
def test_it_waits_for_a_late_file_past_its_time_and_goes_out_whole(
    files, workers, request, open_office, start_sink_process: StartSinkProcess, tmp_path: Path
):
    if workers > 1:
        request.getfixturevalue("on_postgresql")
    sink = start_sink_process()
    office = open_office(smtp_url=sink.url, workers=workers, files=files)
    content = random.Random(3).randbytes(3_000_000)
    reserved = office.reserve("Jahresübersicht.pdf", content)
    there = office.upload(b"here already", "here.txt")

    draft = schedule(office, [there["id"], reserved["id"]])
    assert draft["state"] == "scheduled"
    assert draft["waiting_for"] == [reserved["id"]]
    draft = wait_for_state(office, draft["id"], "waiting")
    late = datetime.fromisoformat(draft["send_at"])
    wait_until(
        lambda: datetime.now(UTC) > late + timedelta(seconds=2), what="two turns of the clock"
    )
    draft, message = office.draft(draft["id"]), office.message(draft["message_id"])
    assert (draft["state"], draft["waiting_for"]) == ("waiting", [reserved["id"]])
    assert (message["status"], message["waiting_for"]) == ("waiting", [reserved["id"]])
    check = office.ask("GET", f"/drafts/{draft['id']}/check")
    assert [(finding["severity"], finding["attachment_id"]) for finding in check["findings"]] == [
        ("waiting", reserved["id"])
    ]
    assert "Jahresübersicht.pdf" in check["findings"][0]["message"]
    assert sink.transactions == []

    path = tmp_path / "late.pdf"
    path.write_bytes(content)
    put_with_curl(reserved["upload"], path)
    (mail,) = sink.wait_kept(1, timeout=10)
    assert files_of(mail) == {
        "here.txt": digest_of(b"here already"),
        "Jahresübersicht.pdf": digest_of(content),
    }
    message = office.wait_for_status(message["id"], "sent")
    assert message["rfc_message_id"] == mail.message_id
    assert office.draft(draft["id"])["state"] == "dispatched"
    assert "message.waiting" in office.events(message["id"])


@pytest.mark.slow
def test_it_fails_loudly_at_the_deadline_when_the_file_never_comes(
    open_office, start_sink_process: StartSinkProcess
):
    sink = start_sink_process()
    office = open_office(smtp_url=sink.url, environment={"WAIT_HOURS": f"{3 / 3600:.6f}"})
    reserved = office.reserve("never.pdf", b"x" * 100)
    draft = schedule(office, [reserved["id"]], seconds=1)
    message_id = draft["message_id"]
    draft = wait_for_state(office, draft["id"], "open")
    assert draft["error"]["code"] == "file_missing"
    assert "never.pdf" in draft["error"]["message"]
    assert (draft["message_id"], draft["send_at"]) == (None, None)
    message = office.message(message_id)
    assert message["status"] == "failed"
    assert "never.pdf" in message["recipients"][0]["reply"]
    assert office.events(message_id).count("message.failed") == 1
    assert sink.transactions == []


@pytest.mark.slow
def test_it_never_leaves_bare_when_files_come_in_any_order(
    open_office, start_sink_process: StartSinkProcess, is_full
):
    count = 400 if is_full else 40
    chance = random.Random(8)
    sink = start_sink_process()
    office = open_office(smtp_url=sink.url, workers=2)
    uploads: list[tuple[str, bytes]] = []
    expected: dict[str, dict[str, str]] = {}

    def announce(number: int) -> None:
        contents = {f"{number}-{name}.bin": chance.randbytes(300) for name in ("a", "b")}
        entries = [{"filename": name, "size": 300} for name in contents]
        message = office.send("ann@example.com", attachments=entries)
        expected[message["rfc_message_id"]] = {
            name: digest_of(content) for name, content in contents.items()
        }
        for file in message["attachments"]:
            uploads.append((file["upload"]["url"], contents[file["filename"]]))

    def put(upload: tuple[str, bytes]) -> None:
        answer = requests.put(upload[0], data=upload[1], timeout=60)
        assert answer.status_code < 300, answer.text

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(announce, range(count)))
        assert sink.transactions == []
        chance.shuffle(uploads)
        list(pool.map(put, uploads))
    sink.wait_kept(count, timeout=30)
    office.wait_until_quiet()
    assert whole(sink) == expected
    assert len(sink.kept) == count


def whole(sink: SinkProcess) -> dict[str, dict[str, str]]:
    """What arrived: the files of each mail."""
    return {mail.message_id: files_of(mail) for mail in sink.kept}
