"""What is inside of a file: of a mail in the mail, and of Outlook's winmail.dat."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tnefparse import TNEF

from messaging.mime.containers import Contents, is_outlooks, may_be_container, open_container
from tests.messaging.mime.tnef import EMBEDDED, attached, attribute, block, winmail

PDF = b"%PDF-1.4 \x00\xff and zeros at its end\0\0\0"
HELD = (
    b"From: ann@example.com\r\nSubject: Held\r\nContent-Type: multipart/mixed; boundary=h\r\n\r\n"
    b"--h\r\n\r\nIts own words.\r\n"
    b"--h\r\nContent-Type: application/pdf; name=plan.pdf\r\nContent-ID: <p@x>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ=\r\n"
    b"--h\r\nContent-Type: text/csv; charset=koi8-r; name=..\\data.csv\r\n\r\na;b\r\n--h--\r\n"
)

Seen = list[tuple[str, str, str, bytes]]


def opened(raw: bytes, *, name: str = "winmail.dat", kind: str = "application/ms-tnef") -> Contents:
    contents = open_container(raw, filename=name, content_type=kind)
    assert contents
    return contents


def files(contents: Contents) -> Seen:
    return [
        (one.filename, one.content_type, one.content_id, b"".join(one.blocks()))
        for one in contents.files
    ]


def is_opened(raw: bytes, name: str, kind: str) -> bool:
    return open_container(raw, filename=name, content_type=kind) is not None


# Mails ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["message/rfc822", "message/global"])
def test_a_mail_gives_its_files_and_keeps_its_words(kind: str) -> None:
    contents = opened(HELD, name="message.eml", kind=kind)
    (pdf, csv) = contents.files
    assert (pdf.filename, pdf.content_type, pdf.content_id) == (
        "plan.pdf",
        "application/pdf",
        "p@x",
    )
    assert b"".join(pdf.blocks()) == b"%PDF-1.4"
    assert (csv.filename, csv.charset, b"".join(csv.blocks())) == ("data.csv", "koi8-r", b"a;b")
    assert (contents.text, contents.html) == (None, None)


def test_plain_bytes_called_eml_are_opened_when_they_read_like_a_mail() -> None:
    assert is_opened(HELD, "Held.EML", "application/octet-stream")
    assert not is_opened(b"Subject: alone\r\n\r\nx", "held.eml", "application/octet-stream")
    assert not is_opened(b"\x89PNG\r\n\x1a\n", "held.eml", "application/octet-stream")
    assert not is_opened(HELD, "held.bin", "application/octet-stream")
    assert not is_opened(HELD, "held.eml", "text/plain")
    assert not is_opened(HELD, "held.txt", "text/rfc822-headers")


# Outlook ----------------------------------------------------------------------------------------


def test_outlooks_files_come_out_byte_for_byte() -> None:
    raw = winmail(
        attached(
            b"CONTRA~1.PDF", PDF, (0x3707, "Vertr\u00e4ge \u4e2d.pdf"), (0x370E, "application/pdf")
        ),
        attached(b"logo.png", b"\x89PNG\r\n\x1a\n", (0x3712, "<logo@x>")),
        attached(b"empty.txt", b""),
    )
    assert files(opened(raw)) == [
        ("Vertr\u00e4ge \u4e2d.pdf", "application/pdf", "", PDF),
        ("logo.png", "image/png", "logo@x", b"\x89PNG\r\n\x1a\n"),
        ("empty.txt", "text/plain", "", b""),
    ]


def test_names_are_cleaned_and_made_where_there_is_none() -> None:
    raw = winmail(
        attached(b"x", b"1", (0x3707, "..\\..\\etc\\pass\x07wd.txt")),
        attached(b"", b"%PDF-1.4 x"),
        attached("\u0416.txt".encode("cp1251"), b"3"),
        attached(b"", b"4", (0x3001, "shown.txt")),
        codepage=1251,
    )
    named = [(one[0], one[1]) for one in files(opened(raw))]
    assert named == [
        ("passwd.txt", "text/plain"),
        ("attachment-2.pdf", "application/pdf"),
        ("\u0416.txt", "text/plain"),
        ("shown.txt", "text/plain"),
    ]


def test_a_type_that_is_none_gives_way_to_the_ending_and_the_bytes() -> None:
    raw = winmail(
        attached(b"a.pdf", b"x", (0x370E, "no type\r\nX: y")),
        attached(b"b", b"GIF89a\x01\x00\x01\x00", (0x370E, "application/octet-stream")),
    )
    assert [one[1] for one in files(opened(raw))] == ["application/pdf", "image/gif"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("winmail.dat", "application/octet-stream"),
        ("WinMail.DAT", "text/plain"),
        ("att00001.bin", "application/ms-tnef"),
        ("att00001.bin", "application/vnd.ms-tnef"),
    ],
)
def test_outlooks_own_is_known_by_name_or_type_and_by_its_beginning(name: str, kind: str) -> None:
    raw = winmail(attached(b"a.pdf", PDF))
    assert files(opened(raw, name=name, kind=kind)) == [("a.pdf", "application/pdf", "", PDF)]
    assert is_outlooks(filename=name, content_type=kind)
    assert not is_opened(b"x" + raw, name, kind)
    assert not is_opened(b"", name, kind)


def test_other_files_are_not_looked_into() -> None:
    raw = winmail(attached(b"a.pdf", PDF))
    assert not is_opened(raw, "a.dat", "application/octet-stream")
    assert not may_be_container(filename="a.zip", content_type="application/zip")
    assert not is_outlooks(filename="winmail.dat", content_type="message/rfc822")


def test_its_bodies_are_read_in_their_charset() -> None:
    text, html = (0x1000, "Gr\u00fc\u00dfe \u20ac"), (0x1013, "<p>\u0416</p>".encode("cp1251"))
    contents = opened(winmail(properties=((0x3FDE, 1251), text, html)))
    assert (contents.text, contents.html) == ("Gr\u00fc\u00dfe \u20ac", "<p>\u0416</p>")
    old = opened(winmail(attribute(1, 0x2800C, "\u0416\0".encode("cp1251")), codepage=1251))
    assert (old.text, old.html) == ("\u0416", None)


def test_a_message_in_it_is_a_container_again() -> None:
    inner = winmail(attached(b"a.pdf", PDF))
    raw = winmail(attached(b"", None, (0x3001, "Re: plans"), (0x3701, EMBEDDED + inner)))
    ((name, kind, _, content),) = files(opened(raw))
    assert (name, kind, content) == ("Re: plans", "application/ms-tnef", inner)
    assert files(opened(content, name=name, kind=kind)) == [("a.pdf", "application/pdf", "", PDF)]


def test_properties_of_every_kind_are_passed_over() -> None:
    named = struct.pack("<HH16sII", 0x0003, 0x8001, bytes(16), 0, 5) + bytes(4)
    worded = struct.pack("<HH16sII", 0x000B, 0x8002, bytes(16), 1, 6) + b"a\0b\0\0\0\0\0" + bytes(4)
    several = struct.pack("<HHI", 0x101F, 0x3A58, 2) + 2 * (struct.pack("<I", 3) + b"a\0\0\0")
    numbers = struct.pack("<HHI", 0x1014, 0x0001, 2) + bytes(16)
    wanted = block((0x3707, "long.pdf"))[4:]
    properties = struct.pack("<I", 5) + named + worded + several + numbers + wanted
    raw = winmail(attached(b"s.pdf", PDF) + attribute(2, 0x69005, properties))
    assert files(opened(raw))[0][0] == "long.pdf"


@given(st.lists(st.tuples(st.from_regex(r"[a-z]{1,8}\.pdf", fullmatch=True), st.binary())))
def test_another_reader_finds_the_same(pairs: list[tuple[str, bytes]]) -> None:
    raw = winmail(
        *(attached(b"T.PDF", content, (0x3707, name)) for name, content in pairs),
        properties=((0x1000, "Words."),),
    )
    theirs = TNEF(raw)
    ours = opened(raw)
    assert [(one.long_filename(), one.data) for one in theirs.attachments] == pairs
    assert [(one[0], one[3]) for one in files(ours)] == pairs
    assert theirs.body == ours.text == "Words."


# Hostile content --------------------------------------------------------------------------------


def test_lengths_that_lie_cost_only_what_they_are_about() -> None:
    fine = attached(b"a.pdf", PDF)
    lying = attribute(2, 0x69002, bytes(14)) + attribute(2, 0x6800F, b"x", size=0xFFFFFFFF)
    assert [one[0] for one in files(opened(winmail(fine, lying)))] == ["a.pdf"]
    for count in (b"\xff\xff\xff\xff", struct.pack("<IHHI", 1, 0x101F, 0x3707, 0xFFFFFFFF)):
        broken = attached(b"b.pdf", PDF) + attribute(2, 0x69005, count)
        assert [one[0] for one in files(opened(winmail(broken, fine)))] == ["b.pdf", "a.pdf"]
    sized = struct.pack("<IHHI", 1, 0x1003, 0x3707, 0xFFFFFFFF)
    assert len(files(opened(winmail(attached(b"c", b"") + attribute(2, 0x69005, sized))))) == 1


def test_a_stream_of_nothing_but_beginnings_ends_soon() -> None:
    """A reader that copies the rest of the stream for each attribute takes hours for the first."""
    many = struct.pack("<IHHI", 1, 0x101F, 0x3707, 0xFFFFFF) + bytes(4 * 0xFFFFFF)
    began = time.monotonic()
    assert files(opened(winmail(attribute(1, 0x69003, b"") * 1_000_000))) == []
    assert len(files(opened(winmail(attached(b"", b"x") * 200_000)))) == 1000
    assert files(opened(winmail(attribute(1, 0x69003, many)))) == []
    flags = struct.pack("<HHI", 0x0003, 0x0001, 0) * 1_000_000
    assert files(opened(winmail(attribute(1, 0x69003, b"\xff" * 4 + flags)))) == []
    assert time.monotonic() - began < 30  # seconds; a square of the length is hours


def test_what_is_in_a_stream_is_not_copied_until_it_is_asked_for() -> None:
    raw = winmail(*(attached(b"a.pdf", bytes(5_000_000)) for _ in range(4)))
    tracemalloc.start()
    sizes = [sum(map(len, one.blocks())) for one in opened(raw).files]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sizes == [5_000_000] * 4
    assert most < 2_000_000


@pytest.mark.parametrize("seed", range(8))
def test_it_reads_whatever_is_left_of_a_stream(seed: int) -> None:
    chance = random.Random(seed)
    inner = winmail(attached(b"a.pdf", PDF))
    whole = winmail(
        attached(b"a.pdf", PDF, (0x3707, "long.pdf"), (0x3712, "x"), (0x370E, "a/b")),
        attached(b"", None, (0x3701, EMBEDDED + inner)),
        properties=((0x1000, "text"), (0x1013, b"<p>"), (0x3FDE, 65001)),
    )
    for _ in range(400):
        raw = bytearray(whole[: chance.randrange(4, len(whole) + 1)])
        for _ in range(chance.randrange(6)):
            raw[chance.randrange(4, len(raw)) if len(raw) > 4 else 3] = chance.choice([0, 1, 255])
        contents = open_container(bytes(raw), filename="winmail.dat", content_type="text/plain")
        for _, _, _, content in files(contents) if contents else ():
            assert content in raw
