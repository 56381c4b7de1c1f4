from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest

from attachments.errors import InvalidContentType
from attachments.sniff import (
    INLINE,
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


PAGE = "<html><script>alert(1)</script></html>"
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def zipped(content: bytes) -> bytes:
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        archive.writestr("a", content)
    return whole.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        PAGE.encode(),
        b"\xef\xbb\xbf" + PAGE.encode(),
        b"\xff\xfe" + PAGE.encode("utf-16-le"),
        b"\xfe\xff" + PAGE.encode("utf-16-be"),
        PAGE.encode("utf-16-le"),
        PAGE.encode("utf-32"),
        b" " * 2000 + PAGE.encode(),
        b"Words first.\n" + PAGE.encode(),
        b"<!-- x --><script>alert(1)</script>",
        b"BM" + PAGE.encode() + b"0" * 100,
        b"ID3" + PAGE.encode(),
        SCRIPT,
        b"\n\n  " + SCRIPT,
        b"<!--" + b"a" * 3000 + b"-->" + SCRIPT,
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">' + SCRIPT,
        b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?><a/>',
        b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script>1</script></html>',
        zipped(PAGE.encode()) + b"%PDF-1.4\n",
    ],
)
def test_what_can_act_is_never_shown_whatever_it_is_declared_to_be(content):
    sniffed = sniff_type(content)
    assert not [
        declared for declared in INLINE if may_be_inline(declared=declared, sniffed=sniffed)
    ]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"GIF89a/*" + PAGE.encode() + b"*/=1;", "image"),
        (
            b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + PAGE.encode(),
            "image",
        ),
        (b"%PDF-1.4\n" + zipped(b"x"), "application"),
        # With nosniff, text is text, whatever stands in it or whichever charset it claims.
        (b"+ADw-html+AD4-+ADw-script+AD4-alert(1)+ADw-/script+AD4-", "text"),
        (b"Words first.\n" * 1000 + PAGE.encode(), "text"),
        (b"<img src=x onerror=alert(1)>", "text"),
    ],
)
def test_what_is_two_things_is_shown_as_the_harmless_one_only(content, shown):
    sniffed = sniff_type(content[:8192])
    as_which = {one for one in INLINE if may_be_inline(declared=one, sniffed=sniffed)}
    assert {one.partition("/")[0] for one in as_which} == {shown}
    assert not may_be_inline(declared="text/html", sniffed=sniffed)


def test_it_does_not_serve_a_page_as_a_picture():
    assert served_type(declared="image/png", sniffed="text/html") == "application/octet-stream"
    assert served_type(declared="text/html", sniffed="text/html") == "text/html"
    assert served_type(declared="text/csv", sniffed="text/plain") == "text/csv"
