"""Bytes in the shape of mail: right, nearly right, and lying."""

from __future__ import annotations

import binascii

import pybase64
from hypothesis import strategies as st

from tests.messaging.mime.corpus import cases

BOUNDARIES = ["a", "b", "a-1", "--", "=_x", "a b", "é", "'()+_,-./:=?"]
LINE_ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r", b" \t\r\n"])
TYPES = ["text/plain", "text/html", "image/png", "application/ms-tnef", "message/rfc822", "a", "/"]
TYPES += ["message/delivery-status", "text/rfc822-headers", "text/calendar", "*/*", "a/é"]
MULTIPARTS = ["mixed", "alternative", "related", "digest", "report", "x" * 300]
CHARSETS = ["utf-8", "us-ascii", "iso-2022-jp", "utf-7", "utf-16", "hz", "idna", "punycode"]
CHARSETS += ["base64", "zip", "rot13", "unicode_escape", "raw-unicode-escape", "x-nobody's", ""]
CHARSETS += ["undefined", "mbcs", "koi8-r", "big5hkscs", "cp037", "charmap", "utf_8_sig", "."]
ENCODINGS = ["base64", "quoted-printable", "x-uuencode", "8bit", "BASE64 (x)", '"base64"', "rot13"]

ODD = st.sampled_from(
    [
        *(b'"', b"\\", b"(", b")", b";", b",", b"<", b">", b":", b"=", b"?", b"*", b"'", b"%"),
        *(b"@", b"\x00", b"\xff", b"\xc3", b"\x85", b"\r", b"\n", b" ", b"\t", b"\x1b$B"),
        *(b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"%ED%A0%80", b"utf-8''%C3"),
        *(b"=?utf-8?B?", b"=?koi8-r?q?=E9?=", b"=?idna?q?xn--?=", b"?=", b"../", b"C:\\"),
        *(b"Team: ", b"<a@b>", b"x" * 300, b"99"),
    ]
)
NOISE = st.one_of(ODD, st.binary(max_size=12))
WORDS = st.lists(NOISE, max_size=6).map(b"".join)


def parameter(names: list[str], values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A parameter, in one of the ways that there are to spell it."""
    forms = [b'; %b="%b"', b"; %b=%b", b";\r\n\t%b = %b", b"; %b*=utf-8''%b", b"; %b*0*='%b"]
    forms += [b"; %b*1=%b", b" %b=%b", b"; %b*9999*=%b", b"; (%b) x=%b"]

    def build(form: bytes, name: str, value: bytes) -> bytes:
        return form % (name.encode(), value)

    return st.builds(build, st.sampled_from(forms), st.sampled_from(names), values)


def field(name: str, value: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """A header field without its line end."""
    return value.map(lambda text: name.encode() + b": " + text)


def of(words: list[str]) -> st.SearchStrategy[bytes]:
    return st.sampled_from(words).map(lambda word: word.encode())


NAMED = st.lists(
    st.one_of(
        parameter(["name", "filename", "charset", "x"], WORDS), parameter(["charset"], of(CHARSETS))
    ),
    max_size=4,
).map(b"".join)
FIELDS = st.one_of(
    field("Content-Type", st.tuples(of(TYPES), NAMED).map(b"".join)),
    field("Content-Disposition", st.tuples(of(["attachment", "inline", ""]), NAMED).map(b"".join)),
    field("Content-Transfer-Encoding", of(ENCODINGS)),
    field("Content-ID", WORDS),
    st.sampled_from(["From", "To", "Subject", "Date", "References", "Message-ID", "X"]).flatmap(
        lambda name: field(name, WORDS)
    ),
    field("Action", of(["failed", "delivered"])),
    field("Final-Recipient", WORDS),
    WORDS,
)
HEADERS = st.lists(FIELDS, max_size=5)


def encoded(content: bytes) -> st.SearchStrategy[bytes]:
    """Some bytes, in some transfer encoding."""
    uu = b"".join(binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    ways = [content, pybase64.encodebytes(content), binascii.b2a_qp(content)]
    return st.sampled_from([*ways, b"begin 644 a\n%b`\nend\n" % uu, b"begin 644 a\n" + b"M\n" * 9])


LEAVES = st.one_of(
    st.binary(max_size=200).flatmap(encoded),
    WORDS,
    st.sampled_from(range(len(cases()))).map(lambda place: cases()[place].raw()[:20_000]),
)


def entity(head: list[bytes], body: bytes, end: bytes) -> bytes:
    return b"".join(line + end for line in head) + end + body


ENTITIES = st.builds(entity, HEADERS, LEAVES, LINE_ENDS)


@st.composite
def multiparts(draw: st.DrawFn, parts: st.SearchStrategy[bytes]) -> bytes:
    """A multipart whose boundary lines are not always its own."""
    end, boundary = draw(LINE_ENDS), draw(st.sampled_from(BOUNDARIES))
    kind = b"multipart/" + draw(of(MULTIPARTS))
    named = draw(parameter(["boundary"], st.just(boundary.encode())))
    lines = st.sampled_from([boundary] * 8 + BOUNDARIES).map(lambda one: b"--" + one.encode())
    body = b"".join(
        end + draw(lines) + draw(st.sampled_from([b"", b"", b"", b"--", b"x", b" "])) + end + part
        for part in draw(st.lists(parts, max_size=4))
    )
    close = draw(st.sampled_from([b"--" + boundary.encode() + b"--", b""]))
    head = [*draw(HEADERS), b"Content-Type: " + kind + named]
    return entity(draw(st.permutations(head)), body + end + close, end)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Mail that is cut, has something in it, or says some of it again and again."""
    raw = draw(whole)
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
    piece = raw[first:last]
    middle = draw(st.sampled_from([piece, piece, b"", piece[:40] * 50]) | NOISE)
    return raw[:first] + middle + draw(st.sampled_from([raw[last:], b"", raw[:last]]))


MAILS = damaged(st.recursive(ENTITIES, multiparts, max_leaves=12)) | st.binary(max_size=400)
