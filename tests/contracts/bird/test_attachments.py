"""What may be attached to a send, and how it is carried."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from attachments.models import Attachment, Blob
from messaging.models import Inbox, Message
from tests.contracts.bird.wire import (
    PDF,
    PNG,
    content_of,
    delivered,
    error_of,
    file,
    get,
    params_of,
    parts_of,
    post,
    send,
)
from tests.people import Person

pytestmark = pytest.mark.django_db


def fault_of(alice: Person, *files: Any) -> dict[str, str]:
    """The one thing that is wrong with a send, which leaves nothing behind."""
    answer = post(alice.api, *files)
    (found,) = error_of(answer, 422)["details"]
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()
    assert not Blob.objects.exists()
    return dict(found)


@pytest.mark.parametrize(
    "name", ["a", "a" * 251 + ".pdf", "Rechnung März.pdf", "発票 2026.pdf", 'a"b;c.pdf', "a b.pdf"]
)
def test_r5_a_filename_is_shown_to_the_recipient(name: str, alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(filename=name))
    assert [one["filename"] for one in message["attachments"]] == [name]
    assert parts_of(delivered(message["id"]))[0][0] == name


@pytest.mark.parametrize(
    "name", [..., None, "", 7, "a" * 256, "a\nb.pdf", "a\rb", "a\x00b", "a\x1fb", "a\x7fb"]
)
def test_r5_a_filename_that_is_none_is_refused(name: Any, alice: Person, inbox: Inbox) -> None:
    entry = {**file(), "filename": name}
    if name is ...:
        del entry["filename"]
    assert fault_of(alice, file(), entry)["param"] == "attachments[1].filename"


@pytest.mark.parametrize("size", [1, 2, 3, 49_151, 49_152, 49_153, 300_000])
def test_r6_content_is_base64_of_the_bytes(size: int, alice: Person, inbox: Inbox) -> None:
    content = bytes(n % 251 for n in range(size))
    message = send(alice.api, file(content, "a.bin"))
    assert message["attachments"][0]["size"] == size
    assert parts_of(delivered(message["id"]))[0][3] == content


@pytest.mark.parametrize("lines", [76, 60_000])
@pytest.mark.parametrize("size", [1000, 300_000])
def test_r6_white_space_in_it_is_passed_over(
    lines: int, size: int, alice: Person, inbox: Inbox
) -> None:
    content = bytes(n % 251 for n in range(size))
    text = b64encode(content).decode()
    folded = "\r\n\t ".join(text[n : n + lines] for n in range(0, len(text), lines))
    message = send(alice.api, {"filename": "a.bin", "content": f"\n{folded}\n"})
    assert parts_of(delivered(message["id"]))[0][3] == content


LONG = b64encode(b"x" * 200_000).decode()


@pytest.mark.parametrize(
    "content",
    [
        *(..., None, "", " \r\n", 7, ["QUJD"], {"a": 1}),
        *("QUJ", "QUI", "QUJD=", "QU=D", "Q_-D", "QUJD\u00e9", "data:application/pdf;base64,QUJD"),
        *(LONG[:-1], LONG + "====", f"data:text/plain;base64,{LONG}", LONG.replace("e", "-")),
    ],
)
def test_r6_content_that_is_none_is_refused(content: Any, alice: Person, inbox: Inbox) -> None:
    entry = {**file(), "content": content}
    if content is ...:
        del entry["content"]
    assert fault_of(alice, entry)["param"] == "attachments[0].content"


@pytest.mark.parametrize(
    ("filename", "declared", "resolved"),
    [
        ("invoice.pdf", None, "application/pdf"),
        ("INVOICE.PDF", None, "application/pdf"),
        ("a.docx", None, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xyzzy", None, "application/octet-stream"),
        ("noending", None, "application/octet-stream"),
        ("invoice.pdf", "application/octet-stream", "application/octet-stream"),
        ("invoice.pdf", "text/plain", "text/plain"),
        ("a.txt", "Text/Plain; charset=UTF-8; x=y", "text/plain; charset=UTF-8"),
    ],
)
def test_r7_the_type_is_as_given_or_by_the_name(
    filename: str, declared: str | None, resolved: str, alice: Person, inbox: Inbox
) -> None:
    given = {"content_type": declared} if declared else {}
    message = send(alice.api, file(filename=filename, **given))
    kept = message["attachments"][0]
    assert kept["content_type"] == resolved
    assert parts_of(delivered(message["id"]))[0][1] == resolved.partition(";")[0]
    answer = alice.api.get(f"/v1/email/messages/{message['id']}/attachments/{kept['id']}")
    assert (answer["Content-Type"], content_of(answer)) == (resolved, PDF)


@pytest.mark.parametrize("declared", ["pdf", "a/b/c", 7, "", "text/plain\r\nBcc: x"])
def test_r7_a_type_that_is_none_is_refused(declared: Any, alice: Person, inbox: Inbox) -> None:
    fault = fault_of(alice, file(content_type=declared))
    assert fault["param"] == "attachments[0].content_type"


@pytest.mark.parametrize("content_id", ["a", "welcome-banner", "A.b_c-9", "x" * 128])
def test_r8_r11_a_content_id_makes_it_inline(content_id: str, alice: Person, inbox: Inbox) -> None:
    html = f'<p>Welcome</p><img src="cid:{content_id}"/>'
    message = send(alice.api, file(PNG, "banner.png", content_id=content_id), html=html)
    kept = message["attachments"][0]
    assert (kept["inline"], kept["content_id"]) == (True, content_id)
    mail = delivered(message["id"])
    assert parts_of(mail) == [("banner.png", "image/png", f"<{content_id}>", PNG)]
    (part,) = [one for one in mail.walk() if one.get_content_type() == "image/png"]
    assert part.get_content_disposition() == "inline"
    assert mail.get_content_type() == "multipart/related"


@pytest.mark.parametrize("content_id", ["", "x" * 129, "a b", "ä", "<a>", "a@b", 7])
def test_r8_a_content_id_that_is_none_is_refused(
    content_id: Any, alice: Person, inbox: Inbox
) -> None:
    fault = fault_of(alice, file(PNG, "a.png", content_id=content_id))
    assert fault["param"] == "attachments[0].content_id"


def test_r9_twenty_files_and_no_more(alice: Person, inbox: Inbox) -> None:
    files = [file(bytes([n]), f"{n}.bin") for n in range(21)]
    assert fault_of(alice, *files) == {
        "param": "attachments",
        "message": "must have at most 20 files; there are 21",
    }
    message = send(alice.api, *files[:20])
    names = [one["filename"] for one in message["attachments"]]
    assert names == [f"{n}.bin" for n in range(20)]
    assert [part[3] for part in parts_of(delivered(message["id"]))] == [
        bytes([n]) for n in range(20)
    ]


def test_r10_a_path_is_refused(alice: Person, inbox: Inbox) -> None:
    entry = {"filename": "a.pdf", "path": "https://example.com/a.pdf"}
    params = params_of(post(alice.api, entry))
    assert sorted(params) == ["attachments[0].content", "attachments[0].path"]
    assert fault_of(alice, {**file(), "path": "https://example.com/a"}) == {
        "param": "attachments[0].path",
        "message": "is a preview feature and not available: give content instead",
    }


def test_r11_a_content_id_that_no_html_names_stays_inline(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(PNG, "a.png", content_id="nobody"))
    assert message["attachments"][0]["inline"] is True


def test_r12_a_content_id_is_unique_within_the_send(alice: Person, inbox: Inbox) -> None:
    logo, other = (file(PNG + end, "a.png", content_id="logo") for end in (b"1", b"2"))
    assert fault_of(alice, file(), logo, other) == {
        "param": "attachments[2].content_id",
        "message": "must be unique within the send",
    }
    send(alice.api, logo, {**other, "content_id": "LOGO"})
    send(alice.api, logo)


def test_r13_a_file_without_one_is_a_plain_file(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(PNG, "a.png"), file(PNG, "a.png"))
    assert [one["inline"] for one in message["attachments"]] == [False, False]
    assert [one["content_id"] for one in message["attachments"]] == [None, None]
    for part in delivered(message["id"]).iter_attachments():
        assert part.get_content_disposition() == "attachment"
        assert part["Content-ID"] is None


DOCUMENTED = [
    *("exe", "dll", "msi", "bat", "cmd", "scr", "jar", "js", "vbs", "ps1", "sh", "hta", "lnk"),
]
OURS = [
    *("com", "pif", "cpl", "mjs", "jse", "vbe", "wsf", "wsh", "psm1", "bash", "reg", "msc"),
    *("app", "apk"),
]


@pytest.mark.parametrize("extension", DOCUMENTED + OURS)
def test_r17_r18_programs_are_blocked_by_their_name(
    extension: str, alice: Person, inbox: Inbox
) -> None:
    named = (f"a.{extension}", f"a.pdf.{extension.upper()}", f"a.{extension}. ")
    for name in named:
        fault = fault_of(alice, file(), file(filename=name, content_type="application/pdf"))
        assert fault["param"] == "attachments[1].filename"
        assert f".{extension}" in fault["message"]


@pytest.mark.parametrize(
    "blocked",
    [
        *("application/x-msdownload", "application/java-archive", "text/javascript"),
        *("application/x-msdos-program", "application/x-dosexec", "application/x-msi"),
        *("application/vnd.microsoft.portable-executable", "application/x-java-archive"),
        *("application/javascript", "application/x-javascript", "text/vbscript"),
        *("application/x-sh", "text/x-sh", "application/x-shellscript", "application/hta"),
        *("application/x-ms-shortcut", "application/x-bat", "application/x-powershell"),
    ],
)
def test_r17_r18_programs_are_blocked_by_their_type(
    blocked: str, alice: Person, inbox: Inbox
) -> None:
    for given in (blocked, f"{blocked.upper()}; charset=utf-8"):
        fault = fault_of(alice, file(filename="notes.txt", content_type=given))
        assert fault["param"] == "attachments[0].content_type"


def test_r19_nobody_looks_inside(alice: Person, inbox: Inbox) -> None:
    program = b"MZ\x90\x00\x03" + b"\0" * 60 + b"PE\0\0"
    files = [
        file(b"PK\x03\x04 a.exe", "tools.zip"),
        file(program, "noending"),
        file(program, "photo.png", content_type="image/png"),
        file(b"#!/bin/sh\nrm x\n", "notes"),
        file(b"<script>", "page.html"),
        file(b"print()", "a.py"),
        file(b"a", "exe"),
    ]
    message = send(alice.api, *files)
    assert [one["content_type"] for one in message["attachments"]] == [
        *("application/zip", "application/octet-stream", "image/png", "application/octet-stream"),
        *("text/html", "text/x-python", "application/octet-stream"),
    ]


def test_r22_r23_r24_reads_tell_of_files_and_never_give_them(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), file(PNG, "banner.png", content_id="b"))
    first, second = message["attachments"]
    assert first == {
        "id": first["id"],
        "filename": "invoice.pdf",
        "content_type": "application/pdf",
        "size": len(PDF),
        "inline": False,
        "content_id": None,
    }
    assert (second["inline"], second["content_id"], second["size"]) == (True, "b", len(PNG))
    assert first["id"].startswith("ea_")
    for answer in (
        alice.api.get(f"/v1/email/messages/{message['id']}"),
        alice.api.get("/v1/email/messages"),
        alice.api.get(f"/v1/email/messages/{message['id']}/attachments"),
    ):
        text = answer.content.decode()
        assert b64encode(PDF).decode()[:20] not in text
        assert '"content"' not in text and '"html"' not in text and "Attached." not in text
    assert get(alice.api, message["id"])["attachments"] == [first, second]
    assert get(alice.api, message["id"], "/attachments") == {"data": [first, second]}


def test_the_same_bytes_twice_are_two_files(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), file(filename="copy.pdf"))
    assert len({one["id"] for one in message["attachments"]}) == 2
    digests = [sha256(part[3]).hexdigest() for part in parts_of(delivered(message["id"]))]
    assert digests == [sha256(PDF).hexdigest()] * 2
