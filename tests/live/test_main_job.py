"""The main job as somebody does it who has read the README, and Ctrl-C in the middle of it."""

from __future__ import annotations

import base64
import json
import random
import re
import signal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.installation import BIN, ROOT
from tests.live.office import Office, digest_of, put_with_curl, run
from tests.services.servers import LOOPBACK, Child, free_port, wait_until
from tests.services.sinks import StartSinkProcess
from tests.services.smtp_rules import Rule

CONTENT = random.Random(5).randbytes(5_000_000)
NAME = "Überblick 2026.pdf"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "upload.pdf"
    path.write_bytes(CONTENT)
    return path


def by_link(office: Office, path: Path) -> dict[str, Any]:
    reserved = office.reserve(NAME, CONTENT)
    put_with_curl(reserved["upload"], path)
    return office.ask("GET", f"/attachments/{reserved['id']}")


def by_form(office: Office, path: Path) -> dict[str, Any]:
    form = ["--form", f"file=@{path}", "--form", f"filename={NAME}"]
    return curl(office, *form, "/attachments")


def by_base64(office: Office, path: Path) -> dict[str, Any]:
    body = path.with_suffix(".json")
    content = base64.b64encode(path.read_bytes()).decode()
    body.write_text(json.dumps({"filename": NAME, "content": content}))
    return curl(
        office, "--header", "Content-Type: application/json", "--data", f"@{body}", "/attachments"
    )


def curl(office: Office, *words: str) -> dict[str, Any]:
    """Ask with curl, as the README does; the last word is the path."""
    *options, path = words
    command = ["curl", "--silent", "--show-error", "--fail-with-body"]
    command += ["--header", f"Authorization: Bearer {office.key}", *options]
    answer: dict[str, Any] = json.loads(run([*command, f"{office.installation.url}/api/v1{path}"]))
    return answer


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_it_carries_a_file_the_whole_way_by_every_road(open_office, path: Path, tmp_path: Path):
    office = open_office()
    for road in (by_link, by_form, by_base64):
        file = road(office, path)
        expected = {"state": "ready", "filename": NAME, "size": len(CONTENT)}
        assert {name: file[name] for name in expected} == expected
        assert file["sha256"] == digest_of(CONTENT)

        letter = {"to": ["Ann <ann@example.com>"], "subject": "Überblick", "text": "Enclosed.\n"}
        draft = office.ask(
            "POST", "/drafts", json={**letter, "attachments": [file["id"]]}, status=201
        )
        check = office.ask("GET", f"/drafts/{draft['id']}/check")
        assert (check["ok"], check["findings"]) == (True, [])
        draft = office.ask("POST", f"/drafts/{draft['id']}/send", json={}, status=202)
        message = office.wait_for_status(draft["message_id"], "sent")
        assert message["size"] == check["encoded_size"]

        raw = office.session.get(f"{office.installation.url}/api/v1/messages/{message['id']}/raw")
        assert len(raw.content) == message["size"]
        assert enclosed(raw.content) == {NAME: digest_of(CONTENT)}
        for place in (
            file["download_url"],
            f"{office.installation.url}/api/v1/attachments/{file['id']}/content",
            f"{office.installation.url}/api/v1/messages/{message['id']}/attachments/{file['id']}/content",
        ):
            assert digest_of(office.session.get(place).content) == digest_of(CONTENT)
    assert len(captured(office)) == 3


def enclosed(mail: bytes) -> dict[str, str]:
    parsed = message_from_bytes(mail, policy=policy.default)
    return {
        str(part.get_filename()): digest_of(part.get_payload(decode=True))
        for part in parsed.walk()
        if part.get_content_disposition() == "attachment"
    }


def captured(office: Office) -> set[str]:
    """The digests of what lies in the outbox tray, of which the rows say the same."""
    rows = office.installation.rows("SELECT key, sha256 FROM messaging_captured")
    files = office.installation.data / "files"
    found = {key: digest_of((files / key).read_bytes()) for key, _ in rows}
    assert found == dict(rows)
    return {digest for _, digest in rows}


class House:
    """`make run`, in the foreground of somebody's terminal."""

    def __init__(self, home: Path, *, smtp_url: str = "") -> None:
        self.home = home
        self.port = free_port()
        self.starts = 0
        self.environment = {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "BIND": LOOPBACK,
            "PORT": str(self.port),
            "MAIL_PORT": str(free_port()),
            "DATA_DIR": str(home / "var"),
            "SMTP_URL": smtp_url,
        }

    def start(self) -> Child:
        self.starts += 1
        # the set-up is done, or the tests would not run
        command = ["make", "--old-file=.venv/ready", "run"]
        log = self.home / f"{self.starts}.log"
        child = Child.start(command, log=log, environment=self.environment, folder=ROOT)
        child.wait_until(self._answers, what="an answer", timeout=60)
        return child

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://{LOOPBACK}:{self.port}/readyz", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def interrupt(self, child: Child) -> None:
        """Press Ctrl-C."""
        child.send(signal.SIGINT)

    def said(self, label: str) -> str:
        """What it printed behind a label when it was first started."""
        text = (self.home / "1.log").read_text()
        found = re.search(rf"^\s*{re.escape(label)}\s+(.+)$", text, re.MULTILINE)
        assert found, text
        return found[1].strip()

    def ask(self, method: str, path: str, **words: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.said('API key')}"}
        url = f"{self.said('Enclose')}/api/v1{path}"
        answer = requests.request(method, url, headers=headers, timeout=30, **words)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_make_run_greets_and_ctrl_c_loses_no_delivery(
    start_sink_process: StartSinkProcess, tmp_path: Path
):
    """Ctrl-C in a body gives the mail back; behind the dot it waits for the reply."""
    sink = start_sink_process()
    house = House(tmp_path, smtp_url=sink.url)
    child = house.start()
    try:
        check_greeting(house)
        for count, at in enumerate(("body", "kept"), start=1):
            after = 300_000 if at == "body" else 0
            sink.set_rules(Rule(at=at, after=after, hold=True, times=1))
            message = send_a_big_one(house)
            sink.wait_held(at)
            house.interrupt(child)
            if at == "kept":
                wait_for_goodbye(child)
                sink.release(at)
            child.process.wait(timeout=60)
            assert "Traceback" not in child.said()
            assert child.said().count("stopped (rc=0)") == 3
            sink.release(at)
            child = house.start()
            mail = sink.wait_kept(count, timeout=60)[-1]
            assert mail.message_id == message["rfc_message_id"]
            assert list(enclosed(mail.data).values()) == [digest_of(CONTENT)]
            wait_until_sent(house, message["id"])
    finally:
        house.interrupt(child)
        child.wait(timeout=60)
    assert len(sink.kept) == 2


def check_greeting(house: House) -> None:
    """Address, sign-in, inbox and key are as it says."""
    assert house.said("Enclose") == f"http://{LOOPBACK}:{house.port}"
    (inbox,) = house.ask("GET", "/inboxes")["data"]
    assert inbox["address"] == house.said("Inbox")
    sign_in(house)


def send_a_big_one(house: House) -> dict[str, Any]:
    files = {"file": (NAME, CONTENT)}
    file = house.ask("POST", "/attachments", files=files)
    letter = {"to": ["ann@example.com"], "subject": "Hi", "text": "x", "attachments": [file["id"]]}
    return house.ask("POST", "/messages", json=letter)


def wait_until_sent(house: House, id: str) -> None:
    wait_until(
        lambda: house.ask("GET", f"/messages/{id}")["status"] == "sent",
        what="the status sent",
        pause=0.1,
    )


def wait_for_goodbye(child: Child) -> None:
    """Wait until the worker has heard that it is to stop."""
    child.wait_until(lambda: "Warm shutdown" in child.said(), what="the worker's goodbye")


def sign_in(house: House) -> None:
    """Sign in as it says one can."""
    found = re.fullmatch(r"(\S+), password (\S+)", house.said("Sign in"))
    assert found
    browser = requests.Session()
    url = f"{house.said('Enclose')}/accounts/login/"
    browser.get(url)
    form = {"login": found[1], "password": found[2]}
    words = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    answer = browser.post(url, data={**form, **words}, headers={"Referer": url})
    assert "sessionid" in browser.cookies
    assert answer.ok
