from datetime import datetime, timedelta, timezone
from email.header import decode_header, make_header

import pytest

from messaging.addresses import Address
from messaging.errors import InvalidHeader, InvalidMessageId
from tests.messaging.mime.written import BOB, make_letter, make_writer, read, write

JOERG = Address("jörg@bücher.test", "Jörg Groß")


def lines_of(message: bytes) -> list[bytes]:
    return message.partition(b"\r\n\r\n")[0].split(b"\r\n")


def test_it_writes_id_date_and_version_first():
    assert lines_of(write())[:3] == [
        b"Message-ID: <1@acme.test>",
        b"Date: Sun, 01 Mar 2026 09:30:00 +0000",
        b"MIME-Version: 1.0",
    ]


def test_it_writes_the_zone_of_the_date_as_a_number():
    date = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert b"Date: Sun, 01 Mar 2026 09:30:00 -0500" in lines_of(write(date=date))


def test_it_takes_no_date_without_a_zone():
    with pytest.raises(ValueError):
        write(date=datetime(2026, 3, 1, 9, 30))


def test_it_writes_everyone_but_the_blind_copies():
    letter = make_letter(
        to=(BOB,),
        cc=(Address("carol@acme.test", "Carol, Ltd."),),
        bcc=(Address("secret@acme.test", "Secret"),),
        reply_to=(Address("desk@acme.test", "The Desk"),),
    )
    lines = lines_of(write(letter))
    assert b"From: Alice <alice@acme.test>" in lines
    assert b"To: bob@acme.test" in lines
    assert b'Cc: "Carol, Ltd." <carol@acme.test>' in lines
    assert b"Reply-To: The Desk <desk@acme.test>" in lines
    assert b"ecret" not in write(letter)
    assert b"Bcc" not in write(letter)


def test_it_leaves_out_headers_for_nobody():
    names = {line.partition(b":")[0] for line in lines_of(write(make_letter(to=(), bcc=(BOB,))))}
    assert names.isdisjoint({b"To", b"Cc", b"Bcc", b"Reply-To", b"In-Reply-To", b"References"})


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("Bob", "Bob"),
        ("Bob the Builder", "Bob the Builder"),
        ("Bob  Builder", '"Bob  Builder"'),
        ("Bob, Inc.", '"Bob, Inc."'),
        ('Bob "B" \\', r'"Bob \"B\" \\"'),
        ("Jörg", "=?utf-8?B?SsO2cmc=?="),
        ("Jörg Schmidt", "=?utf-8?Q?J=C3=B6rg_Schmidt?="),
        ("=?utf-8?Q?Bob?=", "=?utf-8?B?PT91dGYtOD9RP0JvYj89?="),
        (None, None),
        ("", None),
    ],
)
def test_it_writes_names_so_that_readers_show_them(name, wanted):
    line = f"To: {wanted} <bob@acme.test>" if wanted else "To: bob@acme.test"
    message = write(make_letter(to=(Address("bob@acme.test", name),)))
    assert line.encode() in lines_of(message)
    assert read(message)["To"].addresses[0].display_name == (name or "")


def test_it_writes_domains_in_ascii():
    message = write(make_letter(to=(Address("bob@bücher.test"),)))
    assert b"To: bob@xn--bcher-kva.test" in lines_of(message)
    assert not make_writer(make_letter(to=(Address("bob@bücher.test"),))).needs_smtputf8


def test_it_writes_a_header_in_utf8_where_an_address_needs_it():
    letter = make_letter(to=(JOERG,), cc=(Address("bob@acme.test", "Jürgen"),))
    lines = lines_of(write(letter))
    assert 'To: "Jörg Groß" <jörg@xn--bcher-kva.test>'.encode() in lines
    assert b"Cc: =?utf-8?Q?J=C3=BCrgen?= <bob@acme.test>" in lines
    assert make_writer(letter).needs_smtputf8
    assert make_writer(letter).is_8bit


def test_it_needs_no_smtputf8_for_those_whom_it_does_not_show():
    assert not make_writer(make_letter(bcc=(JOERG,))).needs_smtputf8


def test_it_folds_lists_of_addresses():
    everyone = tuple(Address(f"person{n}@acme.test", f"Person {n}") for n in range(50))
    message = write(make_letter(to=everyone))
    assert max(map(len, lines_of(message))) <= 78
    assert [to.addr_spec for to in read(message)["To"].addresses] == [to.email for to in everyone]


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Hello",
        "two  spaces",
        "word " * 40 + "end",
        "x" * 1500,
        "Grüße",
        "日本語" * 50,
        " spaces around ",
        "=?utf-8?Q?not_an_encoded_word?=",
        "bell \x07",
        "😀" * 100,
        "Re: a: b",
    ],
)
def test_it_writes_subjects_that_come_back(subject):
    message = write(make_letter(subject=subject))
    assert max(map(len, lines_of(message))) <= 998
    assert all(line.isascii() for line in lines_of(message))
    raw = next(line for line in message.split(b"\r\nSubject:")[1:]).partition(b"\r\nContent-")[0]
    unfolded = raw.replace(b"\r\n", b"").decode()
    assert str(make_header(decode_header(unfolded.removeprefix(" ")))) == subject


def test_it_keeps_lines_with_encoded_words_within_76():
    letter = make_letter(
        subject="日本語" * 50, to=(Address("a@b.test", "日本語" * 50),), headers={"X-A": "é" * 300}
    )
    assert max(map(len, lines_of(write(letter)))) <= 76


def test_it_does_not_fold_before_the_first_word():
    long = "<" + "x" * 200 + "@acme.test>"
    lines = lines_of(
        write(message_id=long, in_reply_to=long, references=(long, MESSAGE := "<2@x>"))
    )
    assert f"Message-ID: {long}".encode() in lines
    assert f"In-Reply-To: {long}".encode() in lines
    assert lines[lines.index(f"References: {long}".encode()) + 1] == f" {MESSAGE}".encode()


@pytest.mark.parametrize(
    "id", ["1@x", "<1@x", "<1 2@x>", "<1@x>\r\nX: y", "<é@x>", "<>", "<<1@x>>"]
)
@pytest.mark.parametrize("name", ["message_id", "in_reply_to", "references"])
def test_it_refuses_what_is_not_a_message_id(name, id):
    with pytest.raises(InvalidMessageId) as refusal:
        write(**{name: (id,) if name == "references" else id})
    assert refusal.value.field == name


def test_it_writes_headers_of_the_senders_own():
    url = "<https://acme.test/" + "u" * 300 + ">"
    lines = lines_of(write(make_letter(headers={"List-Unsubscribe": url, "X-Name": "é "})))
    assert f"List-Unsubscribe: {url}".encode() in lines
    assert b"X-Name: =?utf-8?B?w6k=?=" in lines


def test_it_encodes_a_value_that_cannot_be_folded():
    message = write(make_letter(headers={"X-Long-Name-Of-Some-Length": "x" * 998}))
    assert max(map(len, lines_of(message))) <= 78
    assert read(message)["X-Long-Name-Of-Some-Length"] == "x" * 998


def test_it_refuses_headers_that_are_ours():
    with pytest.raises(InvalidHeader) as refusal:
        write(make_letter(headers={"bcc": "x@y.test"}))
    assert refusal.value.field == "headers.bcc"
