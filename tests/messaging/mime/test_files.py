from hashlib import sha256
from io import BytesIO

import pytest

from messaging.mime.writer import BLOCK_SIZE, CHUNK_SIZE, FileChanged
from tests.messaging.mime.written import (
    make_letter,
    make_part,
    make_writer,
    outline,
    read,
    write,
)

FORWARDED = b"Subject: old\r\n\r\n.line\r\nend"


def eml(content: bytes = FORWARDED, encoding: str = "7bit"):
    return make_part(content, "old.eml", "message/rfc822", encoding=encoding)


class Dribble(BytesIO):
    """A file that gives less than it is asked for."""

    def read(self, size: int = -1) -> bytes:
        return super().read(min(size, 1000))


@pytest.mark.parametrize(
    "size",
    [0, 1, 2, 3, 56, 57, 58, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE + 100],
)
def test_it_knows_its_size_without_opening_a_file(size):
    content = bytes(range(256)) * (size // 256 + 1)
    part = make_part(content[:size])
    message = write(make_letter(text="Hi"), part)
    _, file = read(message).iter_parts()
    assert sha256(file.get_payload(decode=True)).digest() == sha256(content[:size]).digest()
    unopened = make_part(size=size, open=lambda: pytest.fail("opened"))
    assert make_writer(make_letter(text="Hi"), unopened).size == len(message)


def test_it_writes_files_in_lines_of_76():
    lines = write(None, make_part(bytes(1000))).partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert {len(line) for line in lines[:-2]} == {76}


def test_it_keeps_the_line_ends_of_a_text_file():
    content = "a\nb\r\nc\rd é".encode("latin-1")
    message = read(write(make_letter(text="Hi"), make_part(content, "a.txt", "text/plain")))
    _, file = message.iter_parts()
    assert file["Content-Transfer-Encoding"] == "base64"
    assert file.get_payload(decode=True) == content


def test_it_writes_the_same_bytes_again():
    letter, parts = make_letter(text="Hi", html="<p>"), [make_part(), make_part()]
    assert write(letter, *parts) == write(letter, *parts)
    writer = make_writer(letter, *parts)
    assert list(writer.blocks()) == list(writer.blocks())


def test_its_boundaries_follow_from_seed_and_message_id():
    letter = make_letter(text="Hi", html="<p>")
    messages = {
        write(letter).replace(b"<2@acme.test>", b"<1@acme.test>"),
        write(letter, message_id="<2@acme.test>").replace(b"<2@acme.test>", b"<1@acme.test>"),
        write(letter, seed=b"other"),
    }
    assert len(messages) == 3


def test_it_gives_blocks_of_about_256_kib():
    sizes = [len(block) for block in make_writer(None, make_part(bytes(2_000_000))).blocks()]
    assert len(sizes) > 5
    assert all(BLOCK_SIZE <= size < 2 * BLOCK_SIZE for size in sizes[:-1])
    assert len(list(make_writer(make_letter(text="x" * 70 + "\n" * 9), make_part()).blocks())) == 1


def test_it_cuts_long_bodies_into_blocks():
    sizes = [len(block) for block in make_writer(make_letter(text="é" * 500_000)).blocks()]
    assert max(sizes) < 2 * BLOCK_SIZE


def test_it_reads_files_that_come_in_dribbles():
    content = bytes(range(256)) * 2000
    part = make_part(content, open=lambda: Dribble(content))
    assert write(None, part) == write(None, make_part(content))


@pytest.mark.parametrize("encoding", ["base64", "7bit"])
@pytest.mark.parametrize("size", [0, 10, CHUNK_SIZE, CHUNK_SIZE + 10])
@pytest.mark.parametrize("change", [-1, 1])
def test_it_breaks_off_when_a_file_is_not_what_it_was(encoding, size, change):
    content = b"x" * (size + change)
    if size + change < 0:
        content, size = b"", 1
    part = make_part(content, "a.eml", "message/rfc822", size=size, encoding=encoding)
    with pytest.raises(FileChanged, match=r"a\.eml"):
        list(make_writer(None, part).blocks())


def test_it_closes_files_that_it_opened():
    files = []

    def open_() -> BytesIO:
        files.append(BytesIO(b"bytes"))
        return files[-1]

    write(None, make_part(b"bytes", open=open_))
    with pytest.raises(FileChanged):
        list(make_writer(None, make_part(b"byte", open=open_)).blocks())
    assert [file.closed for file in files] == [True, True]


def test_it_lets_an_attached_message_go_as_it_is():
    message = write(make_letter(text="Hi"), eml())
    assert b"\r\n\r\n" + FORWARDED + b"\r\n--=_mixed" in message


def test_it_keeps_the_end_of_an_attached_message_when_that_is_all():
    message = write(make_letter(), eml())
    assert outline(read(message))[0] == "mixed"
    assert FORWARDED + b"\r\n--=_mixed" in message


def test_it_says_that_it_is_8bit_at_each_level_that_is():
    message = read(write(make_letter(text="Hi", html="<p>"), eml("é\r\n".encode(), "8bit")))
    alternative, attached = message.iter_parts()
    assert message["Content-Transfer-Encoding"] == "8bit"
    assert attached["Content-Transfer-Encoding"] == "8bit"
    assert alternative["Content-Transfer-Encoding"] is None
    assert make_writer(None, eml(encoding="8bit")).is_8bit
    assert not make_writer(None, eml(encoding="7bit")).is_8bit


@pytest.mark.parametrize("content_type", ["message/rfc822", "Multipart/Mixed; boundary=x"])
def test_it_writes_what_allows_no_encoding_as_octets(content_type):
    message = read(write(make_letter(text="Hi"), make_part(FORWARDED, "old.eml", content_type)))
    _, file = message.iter_parts()
    assert file.get_content_type() == "application/octet-stream"
    assert file.get_filename() == "old.eml"
    assert file.get_payload(decode=True) == FORWARDED


def test_it_writes_other_files_as_base64_whatever_they_say():
    message = read(write(make_letter(), make_part(b"\n.\n", encoding="8bit")))
    assert message["Content-Transfer-Encoding"] == "base64"


@pytest.mark.parametrize("before", [0, 10, CHUNK_SIZE - 20, CHUNK_SIZE - 40])
def test_it_breaks_off_when_an_attached_message_has_its_boundary(before):
    boundary = read(write(make_letter(text="a", html="b"))).get_boundary().encode()
    attached = eml(b"x" * before + boundary.replace(b"alternative", b"mixed") + b"x" * 99)
    with pytest.raises(FileChanged, match="boundary"):
        list(make_writer(make_letter(text="a"), attached).blocks())
