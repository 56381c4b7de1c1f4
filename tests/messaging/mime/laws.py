"""What holds of every mail that is read, whatever its bytes are."""

from __future__ import annotations

import json
import mmap
import time
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC
from hashlib import sha256
from typing import TypeVar

from attachments.filenames import MAX_FILENAME
from messaging.mime.containers import open_container
from messaging.mime.fields import Fields
from messaging.mime.reader import MAX_DEPTH, MAX_FLAWS, MAX_PARTS, Mail, _Reader, read_mail
from messaging.receiving.filing import topic_of
from messaging.receiving.reports import MAX_RECIPIENTS, read_report

SECONDS, SECONDS_PER_BYTE = 2.0, 5 / 1024 / 1024  # of CPU; a square of the length is hours
ADDRESSES = ("From", "Sender", "To", "Cc", "Reply-To")
IDS = ("Message-ID", "In-Reply-To", "References")
CONTROLS = {"Cc", "Cs", "Zl", "Zp"}

Value = TypeVar("Value")


class Watched(_Reader):
    """The reader, each of whose entities must lie inside the one around it, behind the last one."""

    depth = 0

    def read(self) -> Mail:
        self.around, self.free = (0, len(self.raw)), 0
        return super().read()

    def walk(
        self,
        fields: Fields,
        start: int,
        end: int,
        *,
        place: tuple[int, ...],
        default: str,
        is_related: bool,
    ) -> None:
        around, depth = self.around, len(place)
        assert around[0] <= start <= end <= around[1], f"{start} to {end} is outside of {around}"
        assert self.free <= start, f"{start} was read before"
        assert depth == self.depth <= MAX_DEPTH
        self.around, self.free, self.depth = (start, end), start, depth + 1
        super().walk(fields, start, end, place=place, default=default, is_related=is_related)
        self.around, self.free, self.depth = around, end, depth


def check(raw: bytes, *, slowness: float = 1.0) -> Mail:
    """Read a mail, and all that can be asked of it, in every way; give it.

    `slowness` is by how much more time it may take here than elsewhere.
    """
    bound = slowness * (SECONDS + SECONDS_PER_BYTE * len(raw))
    mail = within(bound, lambda: read_mail(raw))
    check_parts(raw, mail)
    first = within(bound, lambda: list(told(mail)))
    for words in first:
        check_storable(words)
    for part in mail.files:
        check_name(mail.filename_of(part))
        assert part.filename == "" or mail.filename_of(part) == part.filename
    assert list(told(Watched(raw).read())) == first
    with mmap.mmap(-1, max(len(raw), 1)) as mapped:
        mapped.write(raw)
        if raw:
            assert list(told(read_mail(mapped))) == first  # type: ignore[arg-type]
    within(bound, lambda: check_report(mail))
    within(bound, lambda: check_containers(mail))
    return mail


def within(bound: float, work: Callable[[], Value]) -> Value:
    """Do it in so many seconds of this thread's CPU, however busy the machine is."""
    began = time.thread_time()
    done = work()
    took = time.thread_time() - began
    assert took <= bound, f"{took:.1f} s, where {bound:.1f} s are many"
    return done


def check_parts(raw: bytes, mail: Mail) -> None:
    """No part is more than the message has room for, and none has what another has."""
    assert 1 <= len(mail.parts) <= MAX_PARTS
    assert len(mail.flaws) <= MAX_FLAWS
    position = size = 0
    for part in mail.parts:
        assert position <= part.start <= part.end <= len(raw)
        position = part.end
        content = part.content()
        assert len(content) <= part.end - part.start
        assert part.head(100) == content[:100]
        size += len(content)
    assert size <= len(raw)


def told(mail: Mail) -> Iterator[str]:
    """All that a mail says, in words."""
    yield from (mail.subject, topic_of(mail.subject), mail.text or "", mail.html or "")
    yield from mail.flaws
    for field in mail.fields:
        yield from (field.name, field.text, mail.fields.raw(field.name))
    people = [one for name in ADDRESSES for one in mail.fields.addresses(name)]
    assert all("@" in one.email for one in people)
    for one in (*people, *([mail.sender] if mail.sender else [])):
        yield from (one.email, one.name or "")
    for name in IDS:
        yield from mail.fields.message_ids(name)
    if mail.date:
        assert mail.date.tzinfo is UTC
        yield mail.date.isoformat()
    for part in mail.parts:
        yield from (part.filename, part.content_type, part.content_id, part.charset, part.encoding)
        yield from (part.disposition, str(part.is_related), *part.parameters, str(part.is_body))
        yield from part.parameters.values()
        yield sha256(part.content()).hexdigest()


def check_storable(words: str) -> None:
    """PostgreSQL and JSON take it."""
    assert "\x00" not in words
    words.encode()
    json.dumps(words)


def check_name(name: str) -> None:
    """A name, and no path."""
    check_storable(name)
    assert 0 < len(name) <= MAX_FILENAME
    assert not {"/", "\\"} & set(name)
    assert name.strip(". ")
    assert not {unicodedata.category(letter) for letter in name} & CONTROLS


def check_report(mail: Mail) -> None:
    """A report is one that can be looked up."""
    report = read_report(mail)
    if report is None:
        return
    assert len(report.outcomes) <= MAX_RECIPIENTS
    for words in report.about:
        check_storable(words)
    for outcome in report.outcomes:
        for words in (*outcome.names, outcome.state, outcome.words):
            check_storable(words)


def check_containers(mail: Mail) -> None:
    """What is inside of a file is no more than the file."""
    for part in mail.files[:20]:
        check_container(part.content(), mail.filename_of(part), part.content_type)


def check_container(content: bytes, filename: str, content_type: str) -> None:
    """What is inside of these bytes, if they are a container, can be kept as a file can."""
    inside = open_container(content, filename=filename, content_type=content_type)
    if inside is None:
        return
    check_storable((inside.text or "") + (inside.html or ""))
    for file in inside.files:
        check_name(file.filename)
        for words in (file.content_type, file.charset, file.content_id):
            check_storable(words)
        assert sum(map(len, file.blocks())) <= len(content)
