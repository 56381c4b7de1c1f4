"""Nothing that comes by mail is too odd to be read, and nothing that is read is too odd to keep."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from messaging.mime import reader
from tests.messaging.mime.corpus import cases
from tests.messaging.mime.laws import check
from tests.properties.mails import MAILS

OF_PARTS = b"Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a\n\ny\n--a--"


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(MAILS)
def test_the_laws_hold_of_whatever_comes(raw: bytes) -> None:
    check(raw)


def test_the_laws_hold_of_what_people_send() -> None:
    for case in cases():
        check(case.raw())


@pytest.mark.parametrize(
    ("name", "broken", "raw"),
    [
        ("clean_name", lambda name: name, b"Content-Type: a/b; name=../x\n\n"),
        ("MAX_PARTS", 2000, OF_PARTS.replace(b"\n\n", b"\n\n" + b"--a\n\n" * 1500, 1)),
        ("decode_text", lambda raw, charset: raw.decode("utf-8", "surrogateescape"), b"\n\xff"),
    ],
)
def test_the_laws_notice_a_reader_that_breaks_them(
    monkeypatch: pytest.MonkeyPatch, name: str, broken: object, raw: bytes
) -> None:
    check(raw)
    monkeypatch.setattr(reader, name, broken)
    with pytest.raises((AssertionError, UnicodeError)):
        check(raw)


def test_the_laws_notice_parts_that_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (len(OF_PARTS) - 20, len(OF_PARTS))
    monkeypatch.setattr(reader._Reader, "split", lambda *_: iter([whole, whole]))
    with pytest.raises(AssertionError):
        check(OF_PARTS)
