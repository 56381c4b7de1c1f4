from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attachments.measure import HEAD_BYTES, Measure


def measured(*chunks: bytes) -> Measure:
    measure = Measure()
    for chunk in chunks:
        measure.update(chunk)
    return measure


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "7bit"),
        (b"From: a\r\n\r\nhello\r\n", "7bit"),
        (b"no end of line", "7bit"),
        ("Grüße\r\n".encode(), "8bit"),
        (b"unix\n", "binary"),
        (b"mac\rline", "binary"),
        (b"ends in CR\r", "binary"),
        (b"nul\0\r\n", "binary"),
        (b"x" * 998 + b"\r\n", "7bit"),
        (b"x" * 999 + b"\r\n", "binary"),
        (b"x" * 999, "binary"),
        (b"ok\r\n" + b"x" * 999, "binary"),
        (b"\r\r\n", "binary"),
    ],
)
def test_it_tells_mails_own_text_from_anything_else(content, encoding):
    assert measured(content).encoding == encoding


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"x" * 500, b"\xe9", b"\0"]), max_size=9
    ),
    st.lists(st.integers(0, 3000), max_size=4),
)
def test_it_learns_the_same_however_the_bytes_are_cut(pieces, cuts):
    content = b"".join(pieces)
    places = sorted({0, *(cut for cut in cuts if cut < len(content)), len(content)})
    cut = measured(*(content[a:b] for a, b in zip(places, places[1:], strict=False)))
    whole = measured(content)
    assert (cut.size, cut.sha256, cut.encoding, cut.head) == (
        len(content),
        sha256(content).hexdigest(),
        whole.encoding,
        content[:HEAD_BYTES],
    )
