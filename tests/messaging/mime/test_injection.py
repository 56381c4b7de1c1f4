"""Nothing that a caller gives can end its own header, wherever it stands."""

import pytest

from messaging.addresses import Address
from messaging.errors import (
    DuplicateContentId,
    InvalidAddress,
    InvalidContentId,
    InvalidContentType,
    UnwritableText,
)
from project.errors import Invalid
from tests.messaging.mime.written import make_letter, make_part, make_writer

BREAKS = ["\r\nBcc: x@y.test", "\nBcc: x@y.test", "\rBcc: x@y.test", "\0", "\ud800"]


@pytest.mark.parametrize("text", BREAKS)
@pytest.mark.parametrize(
    "field, letter, part",
    [
        ("subject", lambda text: {"subject": f"a{text}"}, {}),
        ("from", lambda text: {"sender": Address("a@b.test", f"a{text}")}, {}),
        ("from", lambda text: {"sender": Address(f"a{text}@b.test")}, {}),
        ("from", lambda text: {"sender": Address(f"a@b.test{text}")}, {}),
        ("to[1]", lambda text: {"to": (Address("a@b.test"), Address("a@b.test", text))}, {}),
        ("cc[0]", lambda text: {"cc": (Address("é@b.test", text),)}, {}),
        ("reply_to[0]", lambda text: {"reply_to": (Address(f"a@bücher.test{text}"),)}, {}),
        ("headers.X-A", lambda text: {"headers": {"X-A": f"a{text}"}}, {}),
        ("headers", lambda text: {"headers": {f"X-A{text}": "a"}}, {}),
        ("attachments[0].filename", {}, lambda text: {"filename": f"a{text}.pdf"}),
        ("attachments[0].content_id", {}, lambda text: {"content_id": f"a{text}"}),
        ("attachments[0].content_type", {}, lambda text: {"content_type": f"image/png{text}"}),
        (
            "attachments[0].content_type",
            {},
            lambda text: {"content_type": f'image/png; a="{text}"'},
        ),
    ],
)
def test_it_refuses_line_breaks_before_a_byte_is_written(field, letter, part, text):
    letter = make_letter(**(letter(text) if callable(letter) else letter))
    part = make_part(**(part(text) if callable(part) else part))
    with pytest.raises(Invalid) as refusal:
        make_writer(letter, part)
    assert refusal.value.field == field


@pytest.mark.parametrize("text", BREAKS)
def test_it_says_what_is_wrong_with_a_text(text):
    with pytest.raises(UnwritableText):
        make_writer(make_letter(subject=text))


@pytest.mark.parametrize(
    "email",
    ["", "a", "a@", "@b.test", "a@b@c.test", "a b@c.test", "a@b.test>, <x@y.test", "a,x@y.test"]
    + ["a@" + "b" * 400, "a@b\u2028.test", "a@.\u0301.test"],
)
def test_it_refuses_addresses_that_would_be_read_as_others(email):
    with pytest.raises(InvalidAddress) as refusal:
        make_writer(make_letter(to=(Address(email),)))
    assert refusal.value.field == "to[0]"


@pytest.mark.parametrize(
    "content_type",
    ["", "pdf", "application/", "/pdf", "a/b/c", "a/b c", "a/b; c", "a/b; c=d e", 'a/b; c="', "é/a"]
    + ["a/b; c=é", "a/" + "b" * 300],
)
def test_it_refuses_what_is_not_a_content_type(content_type):
    with pytest.raises(InvalidContentType) as refusal:
        make_writer(None, make_part(content_type=content_type))
    assert refusal.value.field == "attachments[0].content_type"


@pytest.mark.parametrize("content_id", ["a b", "<a@b>", "é", "a\t", "x" * 256])
def test_it_refuses_what_cannot_stand_in_angle_brackets(content_id):
    with pytest.raises(InvalidContentId):
        make_writer(None, make_part(content_id=content_id))


def test_it_refuses_to_give_two_files_one_content_id():
    parts = [make_part(content_id="a"), make_part(), make_part(), make_part(content_id="a")]
    with pytest.raises(DuplicateContentId) as refusal:
        make_writer(None, *parts)
    assert refusal.value.field == "attachments[3].content_id"
