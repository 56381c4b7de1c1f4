"""A mail with everything through a real mail server, read back by parsers that are not ours."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from urllib.parse import unquote

import pytest
from fast_mail_parser import parse_email

from tests.live.office import digest_of
from tests.services.postfix import DOMAIN, Postfix

NAME = "Jahresübersicht – Größe & Umsatz 2026 年報.pdf"
CONTENT = random.Random(15).randbytes(15 * 1024 * 1024)
IMAGE = b"\x89PNG\r\n\x1a\n" + random.Random(16).randbytes(4000)
TEXT = "Grüße,\n\nanbei die Übersicht.\n.\nEin Punkt allein, und eine lange Zeile: " + "ä" * 2000
HTML = (
    '<p>Grüße</p><p><img src="cid:logo@acme.test" alt="Logo"></p>' + "<!-- " + "x" * 3000 + " -->"
)


@dataclass(frozen=True)
class Found:
    """A file that a parser found in the mail."""

    filename: str
    sha256: str
    content_id: str = ""


@pytest.fixture
def raw(open_office, postfix: Postfix) -> bytes:
    """The mail as it lies in the Maildir."""
    office = open_office(smtp_url=postfix.url)
    pdf, image = office.upload(CONTENT, NAME), office.upload(IMAGE, "logo.png")
    inline = {"id": image["id"], "inline": True, "content_id": "logo@acme.test"}
    message = office.send(
        f"anything@{DOMAIN}",
        subject="Die Größe zählt ✓",
        text=TEXT,
        html=HTML,
        attachments=[pdf["id"], inline],
    )
    postfix.wait_for(message["rfc_message_id"], timeout=60)
    office.wait_for_status(message["id"], "sent")
    (raw,) = postfix.raw()
    return raw


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_two_parsers_read_what_postfix_delivered(raw: bytes):
    expected = {
        Found(NAME, digest_of(CONTENT)),
        Found("logo.png", digest_of(IMAGE), "logo@acme.test"),
    }
    for read in (by_standard_library, by_fast_mail_parser):
        subject, text, html, files = read(raw)
        assert subject == "Die Größe zählt ✓"
        assert lines(text) == lines(TEXT)
        assert lines(html) == lines(HTML)
        assert set(files) == expected
        (name,) = re.findall(r'src="cid:([^"]+)"', html)
        assert [file.filename for file in files if file.content_id == unquote(name)] == ["logo.png"]


def lines(text: str) -> list[str]:
    return text.rstrip().splitlines()


def by_standard_library(raw: bytes) -> tuple[str, str, str, Iterable[Found]]:
    mail = message_from_bytes(raw, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    files = [
        Found(
            str(part.get_filename()),
            digest_of(part.get_payload(decode=True)),
            str(part["Content-ID"] or "").strip("<>"),
        )
        for part in mail.walk()
        if part.get_filename()
    ]
    return str(mail["Subject"]), text.get_content(), html.get_content(), files


def by_fast_mail_parser(raw: bytes) -> tuple[str, str, str, Iterable[Found]]:
    mail = parse_email(raw)
    (text,), (html,) = mail.text_plain, mail.text_html
    files = [
        Found(part.filename, digest_of(part.content), (part.content_id or "").strip("<>"))
        for part in mail.attachments
    ]
    return mail.subject, text, html, files
