"""What people do with an installation from outside: HTTP, and curl where a browser would be."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.installation import Installation
from tests.services.servers import Child, wait_until

HASTY = {
    "LEASE_SECONDS": "1",
    "DATA_LEASE_SECONDS": "1",
    "BACK_OFF_SECONDS": "0.2",
    "KEEP_SECONDS": "0.05",
}


LET_LEASES_PASS = """
    UPDATE messaging_delivery SET due_at =
        (SELECT m.created_at FROM messaging_message m WHERE m.id = message_id)
    WHERE state IN ('claimed', 'data')
"""


class Office:
    """A workspace of a live installation, with a key that may do everything.

    Its workers are hasty (`tests.live.worker`) where its environment has some of HASTY.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        if "KEEP_SECONDS" in installation.environment:
            installation.worker_app = "tests.live.worker"
        self.key = ""
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_maxsize=32))

    def open(self, *, workers: int = 1, clock: bool = True) -> None:
        """Start the web and so many workers, the first with the clock, or the clock apart."""
        for number in range(workers):
            self.installation.start_worker(clock=clock and number == 0)
        if not clock:
            self.installation.start_clock()
        with ThreadPoolExecutor(1) as pool:  # meanwhile
            made = pool.submit(
                self.installation.bootstrap, workspace="Acme", inbox="hello@acme.test"
            )
            self.installation.start_web()
            self.key = made.result()["api_key"]
        self.session.headers["Authorization"] = f"Bearer {self.key}"

    def close(self) -> None:
        """End it quickly."""
        self.session.close()
        self.installation.kill_web()
        for worker in list(self.installation.workers):
            self.installation.kill_worker(worker)

    # Requests

    def ask(self, method: str, path: str, *, status: int = 200, **words: Any) -> Any:
        """Give the JSON of an answer, None if it has no body; any other status is a failure."""
        answer = self.session.request(
            method, f"{self.installation.url}/api/v1{path}", timeout=60, **words
        )
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def send(self, *to: str, **fields: Any) -> dict[str, Any]:
        """Send a message; give it as it was accepted."""
        letter = {"to": list(to), "subject": "Hello", "text": "Please see the files.\n", **fields}
        message: dict[str, Any] = self.ask("POST", "/messages", json=letter, status=202)
        return message

    def upload(self, content: bytes, filename: str = "a.bin", **fields: str) -> dict[str, Any]:
        """Upload a file as a form does."""
        files = {"file": (filename, content)}
        file: dict[str, Any] = self.ask(
            "POST", "/attachments", files=files, data=fields, status=201
        )
        return file

    def reserve(self, filename: str, content: bytes) -> dict[str, Any]:
        """Reserve a place for a file; the answer says how to upload it."""
        wanted = {"filename": filename, "size": len(content)}
        file: dict[str, Any] = self.ask("POST", "/attachments", json=wanted, status=201)
        assert file["state"] == "reserved"
        return file

    def message(self, id: str) -> dict[str, Any]:
        message: dict[str, Any] = self.ask("GET", f"/messages/{id}")
        return message

    def draft(self, id: str) -> dict[str, Any]:
        draft: dict[str, Any] = self.ask("GET", f"/drafts/{id}")
        return draft

    def messages(self, **wanted: str) -> list[dict[str, Any]]:
        """All messages that fit."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = self.ask("GET", "/messages", params={"limit": "100", **wanted, **after})
            found += page["data"]
            if not page["next"]:
                return found
            after = {"after": page["next"]}

    def events(self, message_id: str) -> list[str]:
        """The kinds of what has happened to a message."""
        page = self.ask("GET", f"/messages/{message_id}/events", params={"limit": "100"})
        return [event["kind"] for event in page["data"]]

    def wait_for_status(self, id: str, status: str, *, timeout: float = 20.0) -> dict[str, Any]:
        """Wait until a message has this status; give it."""

        def has_it() -> dict[str, Any] | None:
            message = self.message(id)
            return message if message["status"] == status else None

        found = wait_until(has_it, what=f"status {status}", timeout=timeout, pause=0.05)
        assert found
        return found

    # Processes

    def restart_worker(self, victim: Child) -> None:
        """Kill a worker as a power cut would, and start another with the same duty."""
        clock = "--beat" in " ".join(map(str, victim.process.args))
        self.installation.kill_worker(victim)
        self.installation.start_worker(clock=clock)

    def let_leases_pass(self) -> None:
        """Age all that workers hold, as if they had been dead for long."""
        self.installation.change(LET_LEASES_PASS)

    def is_quiet(self) -> bool:
        """Whether nothing is left that a worker would ever look at by itself."""
        question = "SELECT count(*) FROM messaging_delivery WHERE due_at IS NOT NULL"
        return self.installation.rows(question) == [(0,)]

    def wait_until_quiet(self, *, timeout: float = 60.0) -> None:
        wait_until(self.is_quiet, what="a quiet outbox", timeout=timeout, pause=0.05)


def put_with_curl(upload: Mapping[str, Any], path: Path) -> None:
    """Upload a file to where a reservation says, exactly as it says, with plain curl."""
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--upload-file", str(path)]
    for name, value in upload["headers"].items():
        if name.lower() != "content-length":  # curl counts by itself
            command += ["--header", f"{name}: {value}"]
    run([*command, str(upload["url"])])


def run(command: Sequence[str]) -> str:
    """Run a command and give what it prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
