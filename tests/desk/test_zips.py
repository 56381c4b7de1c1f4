"""All files of a message in one."""

from __future__ import annotations

import shutil
import subprocess
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Inbox, Message
from project.desk.zips import blocks_of_zip, files_of
from project.ids import spell
from tests.desk.mails import received
from tests.messaging.make import letter_to, make_file, make_message
from tests.people import Person


def get(person: Person, message: Message) -> Any:
    return person.browser.get(f"/mail/messages/{spell('msg', message.pk)}/files.zip")


def with_files(inbox: Inbox, **files: bytes) -> Message:
    return received(inbox, subject="Q3: plans", files=files)


def test_it_has_the_bytes_of_each_file(alice: Person, inbox: Inbox, tmp_path: Path) -> None:
    files = {"a.pdf": b"%PDF-1.4 one", "Rechnung März.pdf": b"\0\xff" * 300_000}
    answer = get(alice, received(inbox, subject="Q3: plans/x", files=files))
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="Q3_ plans_x.zip"'
    path = tmp_path / "all.zip"
    path.write_bytes(b"".join(answer.streaming_content))
    with ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {one: archive.read(one) for one in archive.namelist()} == files
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tq", str(path)], check=True, stdout=subprocess.DEVNULL)


def test_names_that_are_equal_are_numbered(alice: Person, inbox: Inbox) -> None:
    names = ["a.pdf", "A.pdf", "a (1).pdf", "a.pdf"]
    files = [make_file(alice.workspace, b"%d" % n, filename=name) for n, name in enumerate(names)]
    message = make_message(inbox, letter_to("ann@example.com"), files=files)
    with ZipFile(BytesIO(b"".join(get(alice, message).streaming_content))) as archive:
        assert archive.namelist() == ["a.pdf", "A (1).pdf", "a (1) (1).pdf", "a (2).pdf"]
        assert [archive.read(name) for name in archive.namelist()] == [b"0", b"1", b"2", b"3"]


def test_no_name_leads_out_of_the_folder(alice: Person, inbox: Inbox) -> None:
    message = with_files(inbox, a=b"1", b=b"2")
    for place, name in enumerate(("../../etc/passwd", "C:\\x\\.rc")):
        message.enclosures.filter(position=place).update(filename=name)
    with ZipFile(BytesIO(b"".join(get(alice, message).streaming_content))) as archive:
        assert archive.namelist() == ["_.._etc_passwd", "C__x_.rc"]


def test_what_is_gone_is_named_in_it(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, files={"a.pdf": b"1", "b.pdf": b"2"})
    Attachment.objects.filter(filename="a.pdf").update(
        state="gone", blob=None, gone_at=timezone.now(), reason_code="purged", reason="Too old."
    )
    with ZipFile(BytesIO(b"".join(get(alice, message).streaming_content))) as archive:
        assert archive.namelist() == ["b.pdf", "Files that are not here.txt"]
        assert archive.read("Files that are not here.txt").startswith(b"a.pdf: ")


def test_no_file_is_ever_whole_in_memory(alice: Person, inbox: Inbox) -> None:
    file = make_file(alice.workspace, b"x" * 8_000_000, filename="big.bin")
    message = make_message(inbox, letter_to("ann@example.com"), files=[file])
    files = list(files_of(message))
    tracemalloc.start()
    total = sum(len(block) for block in blocks_of_zip(message, files))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 8_000_000
    assert peak < 2_000_000


def test_a_message_without_files_has_none(alice: Person, inbox: Inbox) -> None:
    assert get(alice, received(inbox)).status_code == 404


@pytest.mark.parametrize("who", ["bob", "charlie"])
def test_it_is_for_those_who_may_read_it(
    who: str, request: pytest.FixtureRequest, inbox: Inbox
) -> None:
    answer = get(request.getfixturevalue(who), with_files(inbox, a=b"1"))
    assert answer.status_code == {"bob": 200, "charlie": 404}[who]
