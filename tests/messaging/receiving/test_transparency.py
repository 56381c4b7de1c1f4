"""Where a mail ends in SMTP, however it is cut into blocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.receiving.transparency import Transparency

TRICKY = st.sampled_from(
    [b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\n.\n", b"\r.\r", b"text", b"\x00"]
)


def sent(mail: bytes) -> bytes:
    """A mail as a client sends it: with its dots doubled, and the end."""
    lines = mail.split(b"\r\n")
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") or not stuffed else b"\r\n") + b".\r\n"


def taken(stream: bytes, sizes: list[int]) -> tuple[bytes, bytes | None]:
    reader, mail, place = Transparency(), b"", 0
    for size in [*sizes, len(stream)]:
        if reader.has_ended or place >= len(stream):
            break
        mail += reader.feed(stream[place : place + size])
        place += size
    return mail, None if reader.rest is None else reader.rest + stream[place:]


@given(
    pieces=st.lists(TRICKY, max_size=20),
    behind=st.sampled_from([b"", b"QUIT\r\n", b".\r\n", b"\r\n.\r\n"]),
    sizes=st.lists(st.integers(1, 7), max_size=200),
)
def test_it_gives_what_was_sent_and_what_came_behind(
    pieces: list[bytes], behind: bytes, sizes: list[int]
) -> None:
    mail = b"".join(pieces)
    found, rest = taken(sent(mail) + behind, sizes)
    assert found == mail + (b"" if mail.endswith(b"\r\n") or not mail else b"\r\n")
    assert rest == behind


@pytest.mark.parametrize("smuggled", [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r.\r\n"])
def test_only_crlf_dot_crlf_ends_a_mail(smuggled: bytes) -> None:
    stream = b"Subject: a\r\n\r\ntext" + smuggled + b"MAIL FROM:<x@y>\r\n.\r\n"
    found, rest = taken(stream, [])
    assert rest == b""
    assert b"MAIL FROM" in found
