import quopri

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from messaging.errors import UnwritableText
from messaging.mime.bodies import encode_body
from tests.messaging.mime.written import make_letter, read, write

BODIES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n\t .=_F-é"), max_size=400
)


@pytest.mark.parametrize("text", ["", "Hello", "Hello\n", "a = b\n\n\nc", "x" * 78, "tab\there"])
def test_it_leaves_short_lines_of_ascii_alone(text):
    assert encode_body(text, field="text") == ("7bit", text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("é", b"=C3=A9"),
        (".", b"=2E"),
        ("a\n.b", b"a\r\n=2Eb"),
        ("From me", b"=46rom me"),
        ("Fromage é", b"Fromage =C3=A9"),
        ("end ", b"end=20"),
        ("end\t\nnext", b"end=09\r\nnext"),
        ("-- \nAlice", b"--=20\r\nAlice"),
        ("=_", b"=3D_"),
        ("\0", b"=00"),
        ("x" * 79, b"x" * 75 + b"=\r\nxxxx"),
        ("x" * 75 + ".yz" + "x", b"x" * 75 + b"=\r\n=2Eyzx"),
    ],
)
def test_it_quotes_what_would_not_survive(text, wanted):
    assert encode_body(text, field="text") == ("quoted-printable", wanted)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_it_ends_all_lines_alike(end):
    assert encode_body(end.join(["a", "", "b", ""]), field="text")[1] == b"a\r\n\r\nb\r\n"


@settings(max_examples=300)
@given(BODIES)
@example("x" * 75 + "From here on" + "é" * 99)
@example("x" * 73 + "==" + "." * 200)
def test_it_writes_any_text_so_that_it_comes_back_and_needs_no_change_on_the_way(text):
    encoding, body = encode_body(text, field="text")
    lines = body.split(b"\r\n")
    assert b"\n" not in b"".join(lines) and b"\r" not in b"".join(lines)
    assert max(map(len, lines)) <= (76 if encoding == "quoted-printable" else 78)
    assert not any(line.startswith((b".", b"From ")) for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    assert b"=_" not in body
    decoded = quopri.decodestring(body) if encoding == "quoted-printable" else body
    assert decoded.decode() == text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_it_neither_adds_nor_takes_a_line_end():
    message = read(write(make_letter(text="Hi\n", html="<p>é</p>")))
    text, html = message.iter_parts()
    assert text.get_payload(decode=True) == b"Hi\r\n"
    assert html.get_payload(decode=True).decode() == "<p>é</p>"


def test_it_encodes_a_long_line_in_linear_time():
    encoding, body = encode_body("é" * 1_000_000, field="html")
    assert len(body) > 6_000_000


@pytest.mark.parametrize("field", ["text", "html"])
def test_it_refuses_half_a_character(field):
    with pytest.raises(UnwritableText) as refusal:
        write(make_letter(**{field: "\ud800"}))
    assert refusal.value.field == field
