from __future__ import annotations

import pytest

from attachments.errors import InvalidContentType
from attachments.sniff import (
    clean_content_type,
    may_be_inline,
    resolve_type,
    served_type,
    sniff_type,
)
from tests.attachments.make import HTML, PNG, SVG

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (PNG, "image/png"),
        (HTML, "text/html"),
        (SVG, "image/svg+xml"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"plain words", "text/plain"),
        (b"", "application/octet-stream"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_it_says_what_the_bytes_look_like(head, found):
    assert sniff_type(head) == found


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("Application/PDF", "application/pdf"),
        ('text/plain; charset="ISO-8859-1"; format=flowed', "text/plain; charset=ISO-8859-1"),
        ("image/png; name=x", "image/png"),
        ("multipart/related; boundary=x", "application/octet-stream"),
        ("message/partial", "application/octet-stream"),
        ("message/rfc822", "message/rfc822"),
    ],
)
def test_it_keeps_type_and_charset(given, clean):
    assert clean_content_type(given) == clean


@pytest.mark.parametrize(
    "text",
    ["pdf", "a/b\r\nX: y", "a/b\0", "text/", "/plain", "te xt/plain", "a/é", "a/" + "b" * 300],
)
def test_it_refuses_what_is_no_type(text):
    with pytest.raises(InvalidContentType):
        clean_content_type(text)


@pytest.mark.parametrize(
    ("declared", "filename", "sniffed", "resolved"),
    [
        ("application/x-mine", "a.pdf", "image/png", "application/x-mine"),
        ("", "a.PDF", "image/png", "application/pdf"),
        ("application/octet-stream", "a.docx", "", DOCX),
        ("", "noending", "image/png", "image/png"),
        ("", "noending", "", "application/octet-stream"),
        ("", "a.tar.gz", "", "application/gzip"),
    ],
)
def test_it_prefers_the_declared_type_then_the_ending_then_the_bytes(
    declared, filename, sniffed, resolved
):
    assert resolve_type(declared=declared, filename=filename, sniffed=sniffed) == resolved


@pytest.mark.parametrize(
    ("declared", "sniffed", "inline"),
    [
        ("image/png", "image/png", True),
        ("image/jpeg", "image/png", True),
        ("text/plain; charset=utf-8", "text/plain", True),
        ("application/pdf", "application/pdf", True),
        ("text/html", "text/html", False),
        ("image/png", "text/html", False),
        ("text/plain", "text/html", False),
        ("text/html", "text/plain", False),
        ("image/svg+xml", "image/svg+xml", False),
        ("image/png", "image/svg+xml", False),
        ("application/xml", "text/xml", False),
        ("application/octet-stream", "application/octet-stream", False),
    ],
)
def test_it_lets_a_browser_show_only_what_cannot_act(declared, sniffed, inline):
    assert may_be_inline(declared=declared, sniffed=sniffed) is inline


def test_it_does_not_serve_a_page_as_a_picture():
    assert served_type(declared="image/png", sniffed="text/html") == "application/octet-stream"
    assert served_type(declared="text/html", sniffed="text/html") == "text/html"
    assert served_type(declared="text/csv", sniffed="text/plain") == "text/csv"
