"""Messages that people really send, and what a reader must find in them (tests/corpus/mime).

`python -m tests.messaging.mime.corpus` prints how the reader does, and how a live installation does
that takes them by SMTP and gives their files by its API; each as they are and with CRLF.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "corpus" / "mime"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

Wanted = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A file that was found in a message."""

    name: str | None
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Case:
    """One message; `complete` says that `wanted` is every file of it."""

    id: str
    path: Path
    expect: Wanted | None
    consensus: Wanted | None

    def raw(self, *, crlf: bool = False) -> bytes:
        raw = self.path.read_bytes()
        return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if crlf else raw


@cache
def cases() -> list[Case]:
    rows = json.loads((FOLDER / "expectations.json").read_text())["messages"]
    return [
        Case(row["id"], FOLDER / row["file"], row["expect"], row.get("consensus")) for row in rows
    ]


@dataclass
class Score:
    """How many of the files that are wanted were found exactly: name, type and bytes."""

    exact: int = 0
    wanted: int = 0
    missed: tuple[str, ...] = ()

    def add(self, case: Case, wanted: Wanted, found: Iterable[Found]) -> None:
        for want, have in pairs(wanted.get("attachments", []), list(found)):
            if want.get("optional"):
                continue
            self.wanted += 1
            if have is not None and is_exact(want, have):
                self.exact += 1
            else:
                self.missed += (f"{case.id}: {want.get('filename')}",)


def pairs(wanted: list[Wanted], found: list[Found]) -> Iterator[tuple[Wanted, Found | None]]:
    """What is wanted with what was found for it: by bytes and name, by one of them, or by type."""
    left = list(wanted)
    for fits in (
        lambda want, have: has_bytes(want, have) and has_name(want, have),
        has_bytes,
        lambda want, have: "filename" in want and has_name(want, have),
        has_type,
    ):
        for want in list(left):
            have = next((one for one in found if fits(want, one)), None)
            if have is not None:
                found.remove(have)
                left.remove(want)
                yield want, have
    yield from ((want, None) for want in left)


def is_exact(want: Wanted, have: Found) -> bool:
    known = "sha256" in want or "sha256_lf" in want
    return has_name(want, have) and has_type(want, have) and (not known or has_bytes(want, have))


def has_bytes(want: Wanted, have: Found) -> bool:
    unix = have.content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n")
    return bool(
        want.get("sha256") == sha256(have.content).hexdigest()
        or ("sha256_lf" in want and want["sha256_lf"] == sha256(unix).hexdigest())
    )


def has_name(want: Wanted, have: Found) -> bool:
    if want.get("filename") is None:  # no name: any that was made for it will do
        return True
    return is_like(want["filename"], have.name) or have.name in want.get("filename_alt", [])


def has_type(want: Wanted, have: Found) -> bool:
    return bool(want.get("content_type", have.content_type) == have.content_type)


def is_like(want: str, have: str | None) -> bool:
    """Whether these are the same, U+FFFD standing for whatever its sender meant."""
    pattern = ".*".join(re.escape(piece) for piece in re.split(f"{UNKNOWN}+", want))
    return have is not None and re.fullmatch(pattern, have, re.DOTALL) is not None


Read = Callable[[bytes], list[Found] | None]  # None: not accepted


def judge(read: Read, *, crlf: bool = False) -> tuple[int, Score, Score]:
    """How many were accepted, the score, and that by what other readers agree on where they do."""
    accepted, score, consensus = 0, Score(), Score()
    for case in cases():
        found = read(case.raw(crlf=crlf))
        accepted += found is not None
        score.add(case, case.expect or {}, found or [])
        consensus.add(case, case.consensus or case.expect or {}, found or [])
    return accepted, score, consensus


def line(read: Read, *, crlf: bool = False) -> str:
    accepted, score, consensus = judge(read, crlf=crlf)
    return (
        f"accepted {accepted}/{len(cases())}, attachments exact {score.exact}/{score.wanted}, "
        f"by consensus {consensus.exact}/{consensus.wanted}"
    )


def read_with_ours(raw: bytes) -> list[Found]:
    from messaging.mime.reader import read_mail

    mail = read_mail(raw)
    return [Found(part.filename or None, part.content_type, part.content()) for part in mail.files]


def write_lines() -> None:
    """Print how everything that reads mail does."""
    from tests.live.road import a_road

    sys.stdout.write(f"the reader, as they are:     {line(read_with_ours)}\n")
    sys.stdout.write(f"the reader, with CRLF:       {line(read_with_ours, crlf=True)}\n")
    with a_road() as road:
        sys.stdout.write(f"the whole road, as they are: {line(road.take(crlf=False))}\n")
        sys.stdout.write(f"the whole road, with CRLF:   {line(road.take(crlf=True), crlf=True)}\n")


if __name__ == "__main__":
    write_lines()
