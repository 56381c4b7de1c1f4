"""A mail held against a manifest, part by part, without a database."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from messaging.manifest.comparison import differences
from messaging.manifest.parts import part_of
from messaging.mime.writer import MimeWriter, Part
from tests.messaging.mime.written import MESSAGE_ID, make_letter, make_part, make_writer

INNER = b"Subject: in here\r\n\r\nThe inner mail\r\n\r\n"
TEXT = make_letter(text="Grüße\n.\n\n\n")


def file(content: bytes, filename: str, **given: Any) -> Part:
    return make_part(content, filename, sha256=sha256(content).hexdigest(), **given)


A, B = file(b"the first", "a.pdf"), file(b"the second", "b.pdf")
INLINE = file(b"\x89PNG", "l.png", content_type="image/png", inline=True, content_id="l@acme.test")
NESTED = file(INNER, "m.eml", content_type="message/rfc822", encoding="7bit")
SHOWN = make_letter(text="Hello", html='<img src="cid:l@acme.test">')


def written(writer: MimeWriter) -> bytes:
    return b"".join(writer.blocks())


def manifest_of(writer: MimeWriter) -> dict[str, Any]:
    raw = written(writer)
    return {
        "message_id": MESSAGE_ID,
        "mime": {"sha256": sha256(raw).hexdigest(), "size": len(raw)},
        "parts": [part_of(leaf) for leaf in writer.leaves],
    }


@pytest.mark.parametrize(
    ("letter", "files", "places"),
    [
        (TEXT, [], ["1"]),
        (make_letter(text=""), [], ["1"]),
        (make_letter(text=None), [A], ["1"]),
        (TEXT, [A, B], ["1", "2", "3"]),
        (SHOWN, [INLINE], ["1", "2.1", "2.2"]),
        (SHOWN, [INLINE, A], ["1.1", "1.2.1", "1.2.2", "2"]),
        (make_letter(text=None), [NESTED], ["1"]),
        (TEXT, [NESTED, A], ["1", "2", "3"]),
        (TEXT, [file(b"", "empty.txt", content_type="text/plain")], ["1", "2"]),
    ],
)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_mail_is_itself(letter, files, places, line_end):
    writer = make_writer(letter, *files)
    assert [leaf.place for leaf in writer.leaves] == places
    raw = b"Received: by mx\r\n" + written(writer)
    assert differences(raw.replace(b"\r\n", line_end), manifest_of(writer)) == []


def test_a_file_that_is_missing_is_named():
    found = differences(written(make_writer(TEXT, A)), manifest_of(make_writer(TEXT, A, B)))
    assert "Part 3 (b.pdf) is missing." in found


def test_a_file_that_was_added_is_named():
    found = differences(written(make_writer(TEXT, A, B)), manifest_of(make_writer(TEXT, A)))
    assert "Part 3 (b.pdf) was not in the mail that was sent." in found


def test_a_file_that_was_moved_is_known_by_its_bytes():
    found = differences(written(make_writer(TEXT, B, A)), manifest_of(make_writer(TEXT, A, B)))
    assert found == [
        "Part 2 (a.pdf): it stands at place 3, not at 2.",
        "Part 3 (b.pdf): it stands at place 2, not at 3.",
        "Byte by byte it is not the mail that was sent.",
    ]


def test_two_files_alike_are_two():
    twice = make_writer(TEXT, A, A)
    assert differences(written(twice), manifest_of(twice)) == []
    found = differences(written(make_writer(TEXT, A)), manifest_of(twice))
    assert "Part 3 (a.pdf) is missing." in found


def test_an_inner_mail_is_told_by_its_bytes():
    writer = make_writer(TEXT, NESTED)
    raw = written(writer).replace(b"The inner mail", b"The other mail")
    (first, _) = differences(raw, manifest_of(writer))
    assert first.startswith("Part 2 (m.eml): its bytes are not those that were sent")


def test_what_is_beside_the_parts_counts_as_well():
    writer = make_writer(TEXT, A)
    for before, after in (
        (b"Alice", b"Malice"),
        (b"charset=utf-8", b"charset=utf-7"),
        (b"\r\n--=_", b"\r\n\r\n--=_"),
    ):
        raw = written(writer).replace(before, after, 1)
        assert raw != written(writer)
        (*_, last) = differences(raw, manifest_of(writer))
        assert "byte by byte it is not the mail that was sent" in last.lower()


def test_of_a_mail_that_a_provider_wrote_only_the_files_are_known():
    manifest = {**manifest_of(make_writer(SHOWN, A, INLINE)), "mime": None}
    other = make_letter(text="Hello! With a footer.")
    assert differences(written(make_writer(other, INLINE, A)), manifest) == []
    changed = replace(A, filename="z.pdf")
    assert differences(written(make_writer(other, INLINE, changed)), manifest) == [
        "Part 2 (a.pdf): it is called 'z.pdf', not 'a.pdf'."
    ]
    (told,) = differences(written(make_writer(other, INLINE)), manifest)
    assert told == "Part 2 (a.pdf) is missing."
