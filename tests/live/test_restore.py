"""Backup, loss of everything, restore: on PostgreSQL and S3, as the README says it is done."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.installation import INSTALLATIONS, Installation
from tests.live.conftest import OpenOffice
from tests.live.office import Office, digest_of
from tests.services.postgresql import PostgreSQL, own_server, programs
from tests.services.servers import absent, folder, wait_until
from tests.services.smtp_rules import Rule
from tests.services.smtp_sink import SmtpSink
from tests.services.swift import S3Server

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("on_postgresql")]

GONE_OUT, LATER, MEANWHILE = "gone@example.com", "later@example.com", "meanwhile@example.com"


@pytest.fixture
def other_server() -> Iterator[PostgreSQL]:
    """A new server whose count of transactions is ahead of any that ran here."""
    if (found := programs()) is None:
        absent("no PostgreSQL: apt-get install postgresql")
    with own_server(found, settings=(), epoch=1) as server:
        yield server


def postgresql_program(name: str) -> str:
    found = programs()
    assert found
    return str(found / name)


def dump(installation: Installation, to: Path) -> None:
    url = installation.environment["DATABASE_URL"]
    program = postgresql_program("pg_dump")
    subprocess.run([program, "--format=custom", f"--file={to}", url], check=True)


def restore(url: str, dumped: Path) -> None:
    program = postgresql_program("pg_restore")
    words = ["--no-owner", "--exit-on-error", f"--dbname={url}", str(dumped)]
    subprocess.run([program, *words], check=True)


def copy_out(server: S3Server, bucket: str, to: Path) -> int:
    """Every object of a bucket as a file; gives how many."""
    client = server.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    for key in keys:
        path = to / key
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(path))
    return len(keys)


def copy_in(server: S3Server, bucket: str, kept: Path) -> None:
    client = server.client()
    for path in filter(Path.is_file, kept.rglob("*")):
        client.upload_file(str(path), bucket, str(path.relative_to(kept)))


def delete_all(server: S3Server, bucket: str) -> None:
    client = server.client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    for key in [one["Key"] for page in pages for one in page.get("Contents", [])]:
        client.delete_object(Bucket=bucket, Key=key)


def received(office: Office, content: bytes) -> dict[str, Any]:
    """A mail with a file, come in and read."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ann@example.com", "hello@acme.test", "In"
    mail["Message-ID"] = "<in@example.com>"
    mail.set_content("Here it is.\n")
    mail.add_attachment(content, maintype="application", subtype="zip", filename="in.zip")
    inbox = office.ask("GET", "/inboxes")["data"][0]["id"]
    headers = {"Content-Type": "message/rfc822"}
    office.ask("POST", f"/inboxes/{inbox}/raw", data=mail.as_bytes(), headers=headers, status=202)

    def read() -> list[dict[str, Any]]:
        return office.messages(direction="inbound")

    found = wait_until(read, what="a mail that has been read")
    assert found
    return office.message(found[0]["id"])


def without_links(body: dict[str, Any]) -> dict[str, Any]:
    files = [{**one, "download_url": None} for one in body["attachments"]]
    return {**body, "attachments": files}


def all_of(office: Office) -> dict[str, Any]:
    """Everything that people can see: messages with the digests of raw bytes and files, drafts.

    Without the links, which are signed anew each time.
    """
    drafts = office.ask("GET", "/drafts")["data"]
    seen: dict[str, Any] = {one["id"]: without_links(office.draft(one["id"])) for one in drafts}
    for listed in office.messages():
        message = without_links(office.message(listed["id"]))
        url = f"{office.installation.url}/api/v1/messages/{message['id']}"
        raw = office.session.get(f"{url}/raw").content
        files = [
            digest_of(office.session.get(f"{url}/attachments/{one['id']}/content").content)
            for one in message["attachments"]
        ]
        seen[message["id"]] = (message, digest_of(raw), files)
    return seen


def back_up(installation: Installation, server: S3Server, to: Path) -> None:
    """In this order: what a row speaks of is in the storage by the time that is copied."""
    dump(installation, to / "enclose.dump")
    assert copy_out(server, installation.environment["FILES_BUCKET"], to / "objects") >= 4
    shutil.copytree(installation.data / "secret", to / "secret")


@contextmanager
def restored(
    lost: Installation, kept: Path, *, database: str, storage: S3Server
) -> Iterator[Installation]:
    """The installation again, at its old address, over a new database and a new bucket."""
    restore(database, kept / "enclose.dump")
    bucket = storage.create_bucket()
    copy_in(storage, bucket, kept / "objects")
    names = (*storage.environment(), "SMTP_URL", "PORT", "PUBLIC_URL", "KEEP_SECONDS")
    environment = {name: lost.environment[name] for name in names}
    environment |= {"DATABASE_URL": database, "FILES_BUCKET": bucket}
    with folder("restored") as home:
        there = Installation(home, environment=environment)
        there.port, there.url = lost.port, lost.url
        shutil.copytree(kept / "secret", there.data / "secret")
        yield there


def test_everything_is_back_and_nothing_goes_twice(
    open_office: OpenOffice,
    sink: SmtpSink,
    swift: S3Server,
    other_server: PostgreSQL,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    sink.set_rules(Rule(at="rcpt", match=MEANWHILE, reply="450 4.2.0 Later"))
    office = open_office(hasty=True, smtp_url=sink.url, files="s3")
    ours = office.installation
    contents = [random.Random(n).randbytes(300_000) for n in range(3)]
    incoming = received(office, contents[0])
    assert incoming["attachments"][0]["sha256"] == digest_of(contents[0])
    file, kept = office.upload(contents[1], "out.bin"), office.upload(contents[2], "kept.bin")
    gone = office.send(GONE_OUT, attachments=[{"id": file["id"]}])
    office.wait_for_status(gone["id"], "sent")
    fields = {"to": ["ann@example.com"], "subject": "Draft", "attachments": [{"id": kept["id"]}]}
    draft = office.ask("POST", "/drafts", json=fields, status=201)
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    scheduled = office.send(LATER, send_at=at, attachments=[{"id": file["id"]}])
    meanwhile = office.send(MEANWHILE)
    office.wait_for_status(meanwhile["id"], "deferred")
    last = office.ask("GET", "/events?limit=100")["next"]
    before = all_of(office)
    back_up(ours, swift, tmp_path)

    sink.set_rules()
    office.wait_for_status(meanwhile["id"], "sent")  # which the backup does not know
    office.close()
    delete_all(swift, ours.environment["FILES_BUCKET"])
    shutil.rmtree(ours.data)

    new = other_server.create_database()
    with restored(ours, tmp_path, database=new, storage=swift) as there:
        request.node.stash[INSTALLATIONS].append(there)
        assert there.manage("after_restore").startswith("1 may have left")
        again = Office(there)
        again.session.headers["Authorization"] = f"Bearer {office.key}"
        try:
            there.start_worker()
            there.start_web()
            after = all_of(again)
            assert again.message(meanwhile["id"])["status"] == "unknown"
            assert again.message(scheduled["id"])["status"] == "scheduled"
            for seen in (before, after):
                del seen[meanwhile["id"]]
            assert after == before
            sent = again.ask("POST", f"/drafts/{draft['id']}/send", json={}, status=202)
            again.wait_for_status(sent["message_id"], "sent")
            told = again.ask("GET", f"/events?limit=100&after={last}")["data"]
            kinds = [one["kind"] for one in told if one["subject"]["id"] == sent["message_id"]]
            assert "message.sent" in kinds, "the log does not tell what is new"
        finally:
            again.close()
    received_by = [mail.accepted for mail in sink.kept]
    assert sorted(received_by) == sorted([[GONE_OUT], [MEANWHILE], ["ann@example.com"]])


def test_a_server_that_counts_from_lower_on_is_noticed(open_office: OpenOffice) -> None:
    office = open_office()
    office.installation.change("UPDATE events_event SET transaction = transaction + 10000000")
    with pytest.raises(RuntimeError, match="pg_resetwal --epoch"):
        office.installation.manage("after_restore")
