"""What clamd says, and what is made of it: only its plain OK is clean"""

from __future__ import annotations

import time
from collections.abc import Iterator
from io import BytesIO
from zipfile import ZipFile

import pytest

from attachments.models import Verdict
from attachments.scanning.clamd import Answer, Clamd, ScanFailed, ScannerDown
from tests.attachments.scanning.fake import be_silent, fake_clamd, hang_up, saying, stall
from tests.services.clamav import EICAR, EICAR_NAME, FILE_MAX, STREAM_MAX, WORD, WORD_NAME
from tests.services.servers import free_port


def zipped(content: bytes) -> bytes:
    whole = BytesIO()
    with ZipFile(whole, "w") as archive:
        archive.writestr("inside.txt", content)
    return whole.getvalue()


def blocks(size: int) -> Iterator[bytes]:
    while size:
        block = b"a" * min(65536, size)
        size -= len(block)
        yield block


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"words", Answer(Verdict.CLEAN)),
        (b"", Answer(Verdict.CLEAN)),
        (EICAR, Answer(Verdict.INFECTED, EICAR_NAME)),
        (zipped(EICAR), Answer(Verdict.INFECTED, EICAR_NAME)),
        (b"x" * 300_000 + WORD, Answer(Verdict.INFECTED, WORD_NAME)),
    ],
    ids=["words", "nothing", "eicar", "eicar in a zip", "late in the stream"],
)
def test_it_knows_good_from_bad(clamav, content, answer):
    for url in (clamav.url, f"unix://{clamav.path}"):
        assert Clamd(url).scan([content[:100_000], content[100_000:]]) == answer


def test_it_says_who_it_is(clamav):
    assert Clamd(clamav.url).version().startswith("ClamAV ")


@pytest.mark.parametrize("size", [STREAM_MAX + 1, 8 * STREAM_MAX])
def test_what_is_too_large_for_the_scanner_is_not_clean(clamav, size):
    for url in (clamav.url, f"unix://{clamav.path}"):
        answer = Clamd(url).scan(blocks(size))
        assert answer == Answer(Verdict.UNSCANNABLE, "it is too large for the scanner")


def test_what_the_scanner_has_not_looked_at_is_not_clean(clamav):
    answer = Clamd(clamav.url).scan(blocks(FILE_MAX + 1))
    assert answer.verdict == Verdict.UNSCANNABLE
    assert "Heuristics.Limits.Exceeded" in answer.signature


@pytest.mark.parametrize(
    "scan",
    [
        hang_up,
        saying(b""),
        saying(b"stream: O"),
        saying(b"stream: OK"),  # no NUL: it may be half of something longer
        saying(b"stream: OKAY\0"),
        saying(b"stream: Can't allocate memory ERROR\0"),
        saying(b"UNKNOWN COMMAND\0"),
        saying(b"\0"),
        saying(b" FOUND\0"),
        saying(b"x" * 10_000),
    ],
)
def test_what_makes_no_sense_is_no_verdict(scan):
    with fake_clamd(scan) as url, pytest.raises(ScanFailed):
        Clamd(url).scan(blocks(100_000))


@pytest.mark.parametrize(
    ("scan", "patience"),
    [(stall, {"idle": 0.2}), (stall, {"whole": 0.2}), (be_silent, {"whole": 0.2})],
)
def test_it_does_not_wait_for_ever(scan, patience):
    began = time.monotonic()
    with fake_clamd(scan) as url, pytest.raises(ScanFailed):
        Clamd(url, **patience).scan(blocks(64_000_000 if scan is stall else 1000))
    assert time.monotonic() - began < 5


def test_one_who_is_not_there_says_nothing(clamav):
    down = Clamd(f"tcp://127.0.0.1:{free_port()}")
    with pytest.raises(ScannerDown):
        down.version()
    with pytest.raises(ScannerDown):
        down.scan([b"words"])
    with pytest.raises(ScannerDown):
        Clamd("unix:///nowhere/clamd.sock").version()
    clamav.child.pause()
    with pytest.raises(ScannerDown):
        Clamd(clamav.url, connect=0.2).version()


def test_what_goes_wrong_with_the_bytes_is_not_hidden(clamav):
    def broken() -> Iterator[bytes]:
        yield b"words"
        raise ConnectionResetError("of the storage")

    with pytest.raises(ConnectionResetError, match="of the storage"):
        Clamd(clamav.url).scan(broken())
