"""Whatever is written, other people's readers find the same bytes and names in it."""

from email import message_from_bytes
from email.message import Message
from email.policy import compat32
from email.utils import unquote

import fast_mail_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.addresses import Address
from messaging.letter import Letter
from messaging.mime.names import referenced_content_ids
from messaging.mime.writer import Part
from tests.messaging.mime.written import make_letter, make_part, make_writer, read

TEXTS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
NAMES = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]) | st.sampled_from(" .;\"'\\%=?*"),
    min_size=1,
    max_size=120,
).filter(lambda name: name.strip() == name)
TYPES = st.sampled_from(
    ["application/pdf", "text/plain", "text/html; charset=koi8-r", "image/png", "message/rfc822"]
    + ["text/calendar; method=REQUEST", "x-y/z+json", "multipart/mixed"]
)
CONTENT_IDS = st.text(st.sampled_from("abcXYZ019.-_@$+!"), min_size=1, max_size=30)


@st.composite
def letters_and_parts(draw: st.DrawFn) -> tuple[Letter, list[Part]]:
    ids = draw(st.lists(CONTENT_IDS, unique=True, max_size=4))
    html = draw(st.none() | st.text(TEXTS, max_size=200))
    if html is not None:
        html += "".join(
            f'<img src="cid:{id}">' for id in draw(st.sets(st.sampled_from(ids or ["-"])))
        )
    letter = make_letter(
        text=draw(st.none() | st.text(TEXTS, max_size=200)),
        html=html,
        subject=draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100)),
    )
    parts = [
        make_part(
            draw(st.binary(max_size=300)),
            draw(NAMES),
            draw(TYPES),
            content_id=id,
            inline=draw(st.booleans()),
        )
        for id in [*ids, ""]
    ]
    return letter, parts


def content_of(part: Part) -> bytes:
    with part.open() as file:
        return file.read()


def files_of(message: Message) -> dict[str, Message]:
    """The files of a message by their content ids."""
    leaves = [part for part in message.walk() if part.get_content_disposition()]
    return {(part["Content-ID"] or "").strip("<>"): part for part in leaves}


@settings(max_examples=200)
@given(letters_and_parts())
def test_it_writes_messages_that_come_back(given_):
    letter, parts = given_
    writer = make_writer(letter, *parts)
    message = b"".join(writer.blocks())
    assert len(message) == writer.size
    assert message == b"".join(writer.blocks())

    lines = message.removesuffix(b"\r\n").split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not any(line.startswith(b".") for line in lines)

    modern, old = files_of(read(message)), files_of(message_from_bytes(message, policy=compat32))
    for part in parts:
        for found in (modern[part.content_id], old[part.content_id]):
            assert found.get_payload(decode=True) == content_of(part)
            assert found.get_filename() == unquote(part.filename)  # their reader always does it
        assert modern[part.content_id].is_attachment() != part.inline


@settings(max_examples=200)
@given(letters_and_parts())
def test_it_puts_what_the_html_shows_beside_the_html(given_):
    letter, parts = given_
    message = read(b"".join(make_writer(letter, *parts).blocks()))
    related = [part for part in message.walk() if part.get_content_type() == "multipart/related"]
    beside = {
        part["Content-ID"].strip("<>") for level in related for part in list(level.iter_parts())[1:]
    }
    shown = referenced_content_ids(letter.html or "")
    assert beside == {part.content_id for part in parts if part.inline and part.content_id in shown}


@settings(max_examples=200)
@given(letters_and_parts())
def test_it_writes_messages_that_a_stranger_reads(given_):
    letter, parts = given_
    message = b"".join(make_writer(letter, *parts).blocks())
    root = fast_mail_parser.parse_email_tree(message, mode="full")
    found = {
        (leaf.content_id or "").strip("<>"): leaf
        for leaf in fast_mail_parser.walk(root)
        if leaf.disposition
    }
    for part in parts:
        assert bytes(found[part.content_id].content) == content_of(part)
        assert found[part.content_id].filename == part.filename


@settings(max_examples=200)
@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=200),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=200),
    st.sampled_from(["bob@acme.test", "bob@bücher.test", "jörg@acme.test"]),
)
def test_it_writes_any_subject_and_name_within_their_own_headers(subject, name, email):
    letter = make_letter(subject=subject, to=(Address(email, name),), headers={"X-A": subject})
    head = b"".join(make_writer(letter).blocks()).partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert all(line.strip(b" \t") for line in lines)
    names = [line.partition(b":")[0].decode() for line in lines if line[:1] not in (b" ", b"\t")]
    assert names == (
        ["Message-ID", "Date", "MIME-Version", "From", "To", "Subject", "X-A"]
        + ["Content-Type", "Content-Transfer-Encoding"]
    )
    assert head.isascii() or email.startswith("jörg")
