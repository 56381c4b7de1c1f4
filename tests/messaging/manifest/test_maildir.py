"""A mail read from the Maildir of a real server, held against the manifest of what was sent."""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError

from tests.messaging.manifest.saved import PDF, PDF_NAME, Saved, verify

pytestmark = pytest.mark.django_db(transaction=True)

LINE = base64.encodebytes(PDF).splitlines()[1000]


def test_it_is_the_mail_that_was_sent(saved: Saved, tmp_path):
    assert saved.raw.startswith(b"Return-Path:") and b"\nReceived: " in saved.raw
    assert b"\r" not in saved.raw
    said = verify(tmp_path, saved.raw, saved.signed)
    assert "This is the mail that was sent" in said and "4 parts" in said
    assert re.search(r"ann@test\.example  250 2\.0\.0 Ok: queued as", said)


def test_line_ends_and_empty_lines_at_the_end_are_no_difference(saved: Saved, tmp_path):
    for raw in (
        saved.raw.replace(b"\n", b"\r\n"),
        saved.raw + b"\n\n",
        saved.raw.rstrip(b"\n"),
        b"From hello@acme.test Sat Nov 28 08:00:00 2026\n" + saved.raw,
        b"X-Spam-Score: 0\nAuthentication-Results: mx; dkim=pass\n" + saved.raw,
    ):
        assert "This is the mail that was sent" in verify(tmp_path, raw, saved.signed)


def test_one_byte_of_a_file_is_told(saved: Saved, tmp_path):
    raw = saved.instead(LINE, LINE[1:] + LINE[:1])
    with pytest.raises(CommandError) as error:
        verify(tmp_path, raw, saved.signed)
    said = str(error.value)
    assert f"Part 2 ({PDF_NAME}): its bytes are not those that were sent: 100,009" in said
    assert "Byte by byte it is not the mail that was sent." in said


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b'filename="logo.png"', b'filename="logo.jpg"', "it is called 'logo.jpg', not 'logo.png'"),
        (b"Subject: Hello", b"Subject: Hallo", "byte by byte it is not the mail that was sent"),
        (b"Please see the file.", b"Please pay the file.", "Part 1.1 (text/plain): its bytes"),
        (b"Message-ID: <", b"Message-ID: <x", "It is another mail: its Message-ID is <x"),
        (b"Content-Type: image/png", b"Content-Type: image/gif", "its type is image/gif"),
    ],
)
def test_what_was_changed_is_said(saved: Saved, tmp_path, before: bytes, after: bytes, words: str):
    with pytest.raises(CommandError, match=re.escape(words)):
        verify(tmp_path, saved.instead(before, after), saved.signed)


def test_what_was_put_above_it_is_not_taken_for_its_own(saved: Saved, tmp_path):
    with pytest.raises(CommandError, match="a field that was not sent with it: Subject"):
        verify(tmp_path, b"Subject: Pay at once\n" + saved.raw, saved.signed)
    with pytest.raises(CommandError, match=re.escape("Part 3 (logo.png) is missing.")):
        verify(tmp_path, b"Subject: x\n\nAnother text\n\n" + saved.raw, saved.signed)


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda signed: signed["manifest"]["parts"][2].update(name=f"{PDF_NAME}x"),
    lambda signed: signed["manifest"]["parts"][2].update(size=1),
    lambda signed: signed["manifest"]["replies"][0].update(code=550),
    lambda signed: signed["manifest"]["envelope"]["recipients"].append("eve@example.com"),
    lambda signed: signed["manifest"].update(note="more than was signed"),
    lambda signed: signed["manifest"].pop("workspace"),
    lambda signed: signed.update(signature=signed["signature"][::-1]),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_manifest_proves_nothing(saved: Saved, tmp_path, change):
    signed = copy.deepcopy(dict(saved.signed))
    change(signed)
    with pytest.raises(CommandError, match="it, or its signature, was changed"):
        verify(tmp_path, saved.raw, signed)


def test_blanks_and_the_order_of_keys_are_no_change(saved: Saved, tmp_path):
    manifest = dict(reversed(saved.signed["manifest"].items()))
    signed = {**saved.signed, "manifest": manifest}
    assert "This is the mail that was sent" in verify(tmp_path, saved.raw, signed)
