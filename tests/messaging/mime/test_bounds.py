"""Hostile mail costs time and memory by its length only, and is read as far as it makes sense."""

from __future__ import annotations

import binascii
import mmap
import tracemalloc
from collections.abc import Callable
from encodings import _cache as looked_for  # type: ignore[attr-defined]

import pytest

from messaging.mime import reader
from messaging.mime.decoding import decode_base64, decoded
from messaging.mime.fields import (
    MAX_FIELDS,
    MAX_MAILBOXES,
    MAX_PART_FIELDS,
    decode_text,
    read_addresses,
    read_fields,
    read_parameters,
)
from messaging.mime.reader import MAX_FLAWS, MAX_PARTS, Mail, read_mail
from messaging.receiving.reports import MAX_RECIPIENTS, MAX_REPORT_BYTES, read_report
from tests.messaging.mime.laws import within

MIB = 1024 * 1024
FILE = b"Content-Type: a/b\nContent-Transfer-Encoding: "


def multipart(boundary: bytes, body: bytes) -> bytes:
    return b"Content-Type: multipart/mixed; boundary=" + boundary + b"\n\n" + body


def peak(work: Callable[[], object]) -> int:
    """How many bytes of memory it takes at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def decode_all(mail: Mail) -> int:
    return sum(len(block) for part in mail.parts for block in part.blocks())


# Structure --------------------------------------------------------------------------------------


def test_a_boundary_that_nearly_matches_in_a_mapped_file() -> None:
    boundary = b"-" * 900 + b"x"
    raw = multipart(boundary, b"-" * 4 * MIB + b"\n--" + boundary + b"\n\nfound")
    with mmap.mmap(-1, len(raw)) as mapped:
        mapped.write(raw)
        mail = within(2.0, lambda: read_mail(mapped))  # type: ignore[arg-type]
        assert mail.text == "found"


def test_what_looks_like_a_boundary_at_every_depth() -> None:
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(60)
    )
    mail = within(10.0, lambda: read_mail(head + b"x--b4" * MIB))
    assert [len(part.content()) for part in mail.parts] == [len(mail.parts[0].content())]
    assert mail.parts[0].content().endswith(b"x--b4" * MIB)


@pytest.mark.parametrize("length", [1000, 1001])
def test_a_boundary_has_a_bound(length: int) -> None:
    boundary = b"b" * length
    mail = read_mail(multipart(boundary, b"--" + boundary + b"\n\ntext"))
    assert (mail.text == "text") is (length == 1000)
    assert b"text" in mail.parts[0].content()


def test_multiparts_are_counted_too() -> None:
    chain = b"".join(
        b"--a\n" + multipart(b"b%d" % n, b"--b%d\n\nx\n" % n) for n in range(MAX_PARTS * 2)
    )
    mail = read_mail(multipart(b"a", chain))
    assert len(mail.parts) == MAX_PARTS
    assert mail.parts[MAX_PARTS - 1].content().startswith(b"--b")  # no more was split


def test_flaws_are_told_once_and_not_at_any_length() -> None:
    part = b"--a\nContent-Type: multipart/%b; boundary=c\n\nx\n"
    mail = read_mail(multipart(b"a", (part % (b"y" * 20_000)) * 200))
    assert mail.flaws == ["A multipart is not closed.", f"A multipart/{'y' * 127} has no parts."]
    many = b"".join(part % (b"%d" % number) for number in range(200))
    assert len(read_mail(multipart(b"a", many)).flaws) == MAX_FLAWS


# Headers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_top", "bound"), [(True, MAX_FIELDS), (False, MAX_PART_FIELDS)])
def test_what_is_behind_the_last_field_that_counts_is_passed_over(is_top: bool, bound: int) -> None:
    raw = b"a: b\n c\n" * (bound + 5) + b"\nbody"
    fields, body = read_fields(raw, 0, len(raw), is_top=is_top)
    assert (len(fields), raw[body:]) == (bound, b"body")
    raw = b"a: b\n" * bound + b"\nbody\n\nmore"
    fields, body = read_fields(raw, 0, len(raw), is_top=is_top)
    assert (len(fields), raw[body:]) == (bound, b"body\n\nmore")


def test_parts_of_nothing_but_fields_take_no_more_memory_than_they_are_long() -> None:
    raw = multipart(b"a", (b"--a\n" + b"b:\n" * 60_000 + b"\nx\n") * 40)
    assert peak(lambda: read_mail(raw)) < len(raw)


def test_people_without_number() -> None:
    found = within(2.0, lambda: read_addresses("a@b," * 250_000))
    assert len(found) == MAX_MAILBOXES
    assert within(2.0, lambda: read_addresses("x," * 500_000 + "a@b")) == []
    assert [one.email for one in read_addresses("," * 500_000 + "a@b")] == ["a@b"]


@pytest.mark.parametrize("odd", ["<", "<@a:", "a:", '"', "(", "a.", "a@[", "\\"])
def test_people_who_make_no_sense_at_length(odd: str) -> None:
    value = f"{odd * (1990 // len(odd))}," * 500
    within(6.0, lambda: read_addresses(value))  # a minute, when each is read for a square of time


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ("Ann  of\tAcme <ann@example.com>", "Ann of Acme", "ann@example.com"),
        ('"Lee, Bo" <bo@example.com>', "Lee, Bo", "bo@example.com"),
        ('"" < bo@example.com >', None, "bo@example.com"),
        (r'"a \"b\"" <c@d.e>', 'a "b"', "c@d.e"),
        ("=?utf-8?q?J=C3=B6rg?= <a@b.c>", "Jörg", "a@b.c"),
        ("J. (the first) Doe <a@b.c>", "J. Doe (the first)", "a@b.c"),
        ("x" * 3000 + " <a@b.c>", "x" * 3000, "a@b.c"),
    ],
)
def test_names_of_people(value: str, name: str | None, email: str) -> None:
    assert [(one.name, one.email) for one in read_addresses(value)] == [(name, email)]


def test_charsets_that_nobody_knows_are_not_looked_for() -> None:
    before = set(looked_for)
    for number in range(1, 50):
        assert decode_text("é".encode(), f"x-nobodys-{number}") == "é"
        assert decode_text(b"\xc1", f"koi8{'-' * number}r") == "а"
    assert {name for name in set(looked_for) - before if "nobody" in name} == set()
    assert len(set(looked_for) - before) < 5  # (koi8_r, and what it falls back to)


@pytest.mark.parametrize(
    "charset", ["base64", "zip", "rot13", "bz2_codec", "hex", "uu", "mbcs", "undefined", "a\0b"]
)
def test_encodings_of_something_else_are_no_charsets(charset: str) -> None:
    assert decode_text("é=".encode(), charset) == "é="


def test_charsets_that_python_spells_otherwise() -> None:
    assert decode_text("я".encode("koi8-r"), "KOI8-R") == "я"
    assert decode_text("я".encode("cp866"), "IBM866") == "я"
    assert decode_text("é".encode("mac-roman"), "macintosh") == "é"
    assert decode_text("日本".encode("iso2022_jp"), "ISO-2022-JP") == "日本"
    assert decode_text("é".encode("utf-16"), "utf-16") == "é"


def test_sections_of_a_parameter_are_joined_once() -> None:
    pieces = "".join(f"; name*{n}*=%41{'x' * 90}" for n in range(9999))
    _, parameters = within(3.0, lambda: read_parameters(f"a/b{pieces}"))
    assert len(parameters["name"]) == 9999 * 91


def test_a_type_has_a_bound() -> None:
    word, parameters = read_parameters(f"{'x' * 127}/{'y' * 10_000}; name=a")
    assert word == f"{'x' * 127}/{'y' * 127}"
    assert parameters == {"name": "a"}


# Bytes ------------------------------------------------------------------------------------------


def test_uuencoded_lines_that_say_more_than_they_have() -> None:
    raw = FILE + b"uuencode\n\nbegin 644 a\n" + b"M\n" * MIB
    mail = read_mail(raw)
    assert 0 < within(6.0, lambda: decode_all(mail)) <= len(raw)
    (short,) = read_mail(FILE + b"uuencode\n\nbegin 644 a\n#0V%T\n#\n`\nend\n").files
    assert short.content() == b"Cat\0\0\0"  # blanks at the end of a line are lost on the way


def test_padding_everywhere_in_base64() -> None:
    assert decode_base64(b"YQ==YWI=YWJj=YWJjZA==Y=") == b"aababcabcd"
    text = b"a=" * (4 * MIB)
    took = within(6.0, lambda: sum(map(len, decoded(text, 0, len(text), encoding="base64"))))
    assert took == 0


def test_blanks_without_an_end_are_not_gathered() -> None:
    raw = FILE + b"quoted-printable\n\nab" + b" " * (8 * MIB)
    mail = read_mail(raw)
    assert decode_all(mail) == 8 * MIB + 2
    assert peak(lambda: decode_all(mail)) < 5 * MIB


@pytest.mark.parametrize("tail", [b"=", b"=4", b"=41", b"=="])
def test_an_escape_at_the_end_of_a_block(tail: bytes) -> None:
    line = b"a" * (524_289 - len(tail)) + tail + b"42x" * 200_000
    found = b"".join(decoded(line, 0, len(line), encoding="quoted-printable"))
    assert found.endswith(binascii.a2b_qp(line)[-400_000:])


def test_all_bodies_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_TEXT_BYTES", 10)
    part = b"--a\nContent-Type: text/%b\n\n%b\n"
    mail = read_mail(
        multipart(b"a", part % (b"plain", b"123456") * 2 + part % (b"html", b"1234567890"))
    )
    assert (mail.text, mail.html) == ("123456\n1234", "1234567890")
    assert mail.flaws == [
        "A multipart is not closed.",
        "Its text is longer than what is kept of it; the raw has it all.",
    ]


def test_names_of_a_thousand_files() -> None:
    mail = read_mail(multipart(b"a", b"--a\nContent-Type: image/png\n\nx\n" * MAX_PARTS))
    names = within(1.0, lambda: [mail.filename_of(part) for part in mail.files])
    assert (names[0], names[-1]) == ("attachment-1.png", f"attachment-{MAX_PARTS}.png")


# Reports ----------------------------------------------------------------------------------------


def test_a_report_is_read_from_its_head() -> None:
    group = b"Action: failed\nFinal-Recipient: rfc822; a@b.c\nStatus: 5.1.1\n\n"
    status = b"Content-Type: message/delivery-status\n\n"
    returned = b"Content-Type: message/rfc822\n\nMessage-ID: <1@b.c>\n\n" + b"x" * (8 * MIB)
    raw = multipart(b"a", b"--a\n" + status + group * 20_000 + b"\n--a\n" + returned)
    mail = read_mail(raw)
    report = read_report(mail)
    assert report is not None
    assert (len(report.outcomes), list(report.about)) == (MAX_RECIPIENTS, ["<1@b.c>"])
    assert peak(lambda: read_report(mail)) < 8 * MAX_REPORT_BYTES
