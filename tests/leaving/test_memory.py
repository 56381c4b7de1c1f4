"""What an export costs in memory: the same for a large workspace as for a small one."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from attachments.limits import MIB
from tests.leaving.make import Export, export, fill, raw_mail
from tests.messaging.make import make_file, make_message, receive
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

LARGE = 24 * MIB
MOST = 8 * MIB  # above what a small workspace takes, which fills no page of rows


@pytest.mark.slow
def test_memory_does_not_grow_with_mail_and_files(alice: Person, tmp_path: Path):
    filled = fill(alice.workspace)
    export(alice.workspace, tmp_path / "warm.zip")
    small = [peak_of(alice, tmp_path / name) for name in ("small", "small.zip")]
    large = [make_file(alice.workspace, b"%PDF-1.4" + bytes([n]) * LARGE) for n in range(2)]
    for number in range(300):
        receive(filled.inbox, raw_mail(10 + number))
    make_message(filled.inbox, files=large[:1])
    # Paths are interned: where that fills Python's table of such strings, it grows by megabytes.
    export(alice.workspace, tmp_path / "warm")
    for before, name in zip(small, ("large", "large.zip"), strict=True):
        above = peak_of(alice, tmp_path / name) - before
        assert above < MOST
        assert len(Export(tmp_path / name).of("message")) == 303


def peak_of(person: Person, place: Path) -> int:
    """The bytes of memory that Python had allocated at most.

    The more objects a process has, the longer it puts off collecting cycles; what other tests have
    left here is not to count.
    """
    gc.freeze()
    gc.collect()
    tracemalloc.start()
    try:
        assert export(person.workspace, place)[0] == 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.unfreeze()
