import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.addresses import Address, read_address, read_addresses
from messaging.errors import InvalidAddress


def read(value) -> Address:
    return read_address(value, field="to[3]")


@pytest.mark.parametrize(
    "value, email, name",
    [
        ("a@b.test", "a@b.test", None),
        ("  a@b.test ", "a@b.test", None),
        ("<a@b.test>", "a@b.test", None),
        ("Alice <a@b.test>", "a@b.test", "Alice"),
        ("Alice<a@b.test>", "a@b.test", "Alice"),
        ("Dr. Alice O'Neil (Acme) <a@b.test>", "a@b.test", "Dr. Alice O'Neil (Acme)"),
        ('"Acme, Inc." <a@b.test>', "a@b.test", "Acme, Inc."),
        ('"The \\"A\\" \\\\ Team" <a@b.test>', "a@b.test", 'The "A" \\ Team'),
        ('"a < b" <a@b.test>', "a@b.test", "a < b"),
        ('"a <c@d.test>" <a@b.test>', "a@b.test", "a <c@d.test>"),
        ('Alice "Al" Smith <a@b.test>', "a@b.test", 'Alice "Al" Smith'),
        ("c@d.test <a@b.test>", "a@b.test", "c@d.test"),
        ("Jörg Groß <a@b.test>", "a@b.test", "Jörg Groß"),
        ("李 <a@b.test>", "a@b.test", "李"),
        ("=?utf-8?Q?A?= <a@b.test>", "a@b.test", "=?utf-8?Q?A?="),
        ('"" <a@b.test>', "a@b.test", None),
        ({"email": "a@b.test"}, "a@b.test", None),
        ({"email": " a@b.test "}, "a@b.test", None),
        ({"email": "a@b.test", "name": None}, "a@b.test", None),
        ({"email": "a@b.test", "name": " "}, "a@b.test", None),
        ({"email": "a@b.test", "name": "Acme, Inc."}, "a@b.test", "Acme, Inc."),
        ("A.B+c@EXAMPLE.COM", "A.B+c@example.com", None),
        ("a@Bücher.test", "a@bücher.test", None),
        ("a@xn--bcher-kva.test", "a@bücher.test", None),
        ("jörg@b.test", "jörg@b.test", None),
        ("a@office.local", "a@office.local", None),
        ("a@b.invalid", "a@b.invalid", None),
    ],
)
def test_it_reads_every_way_of_writing_an_address(value, email, name):
    assert read(value) == Address(email, name)


@pytest.mark.parametrize(
    "value, field",
    [
        ("", "to[3]"),
        ("a", "to[3]"),
        ("a@", "to[3]"),
        ("@b.test", "to[3]"),
        ("a@b", "to[3]"),
        ("a@b@c.test", "to[3]"),
        ("a b@c.test", "to[3]"),
        ("a@b..test", "to[3]"),
        ("a@-b.test", "to[3]"),
        ("a@b.test, c@d.test", "to[3]"),
        ("a@b.test, Carol <c@d.test>", "to[3]"),
        ("a@b.test; <c@d.test>", "to[3]"),
        ("Alice <a@b.test", "to[3]"),
        ("Alice <a@b.test> x", "to[3]"),
        ("Alice <>", "to[3]"),
        ("a@b.test\nBcc: c@d.test", "to[3]"),
        ("a\r\n@b.test", "to[3]"),
        ("a\0@b.test", "to[3]"),
        ("Al\r\nice <a@b.test>", "to[3]"),
        ('"Al\nice" <a@b.test>', "to[3]"),
        ("Al\0ice <a@b.test>", "to[3]"),
        ("\ud800 <a@b.test>", "to[3]"),
        ("\ud800@b.test", "to[3]"),
        ("x" * 256 + " <a@b.test>", "to[3]"),
        ("x" * 2000, "to[3]"),
        ("a" * 300 + "@b.test", "to[3]"),
        (None, "to[3]"),
        (["a@b.test"], "to[3]"),
        ({}, "to[3].email"),
        ({"email": None}, "to[3].email"),
        ({"email": "Alice <a@b.test>"}, "to[3].email"),
        ({"email": "x" * 5000 + "@b.test"}, "to[3].email"),
        ({"email": "a@b.test", "name": 1}, "to[3].name"),
        ({"email": "a@b.test", "name": "Al\nice"}, "to[3].name"),
        ({"email": "a@b.test", "name": "Al\u2028ice"}, "to[3].name"),
        ({"email": "a@b.test", "name": "x" * 256}, "to[3].name"),
        ({"email": "a@b.test", "nmae": "x"}, "to[3].nmae"),
    ],
)
def test_it_refuses_what_is_no_address_and_names_the_field(value, field):
    with pytest.raises(InvalidAddress) as refusal:
        read(value)
    assert refusal.value.field == field


def test_it_says_how_long_a_name_may_be():
    with pytest.raises(InvalidAddress) as refusal:
        read({"email": "a@b.test", "name": "x" * 300})
    assert (refusal.value.limit, refusal.value.actual) == (255, 300)


def test_a_door_may_take_longer_names():
    for value in ("x" * 256 + " <a@b.test>", {"email": "a@b.test", "name": "x" * 256}):
        assert read_address(value, field="to", max_name=256).name == "x" * 256
        with pytest.raises(InvalidAddress):
            read_address(value, field="to")


def test_it_reads_lists_in_order_with_repeats():
    values = ["b@x.test", {"email": "a@x.test"}, "B <b@x.test>"]
    read = read_addresses(values, field="to")
    assert [address.email for address in read] == ["b@x.test", "a@x.test", "b@x.test"]


def test_it_names_the_place_in_a_list():
    with pytest.raises(InvalidAddress) as refusal:
        read_addresses(["a@b.test", "nobody"], field="cc")
    assert refusal.value.field == "cc[1]"


@pytest.mark.parametrize("values", ["a@b.test", {"email": "a@b.test"}, None, 5])
def test_it_takes_nothing_else_for_a_list(values):
    with pytest.raises(InvalidAddress) as refusal:
        read_addresses(values, field="to")
    assert refusal.value.field == "to"


def test_it_spells_domains_in_ascii_for_the_wire():
    assert Address("a@b.test").ascii_email == "a@b.test"
    assert Address("a@bücher.test").ascii_email == "a@xn--bcher-kva.test"
    assert Address("jörg@bücher.test").ascii_email == "jörg@xn--bcher-kva.test"


def test_it_refuses_to_spell_a_domain_that_is_none():
    with pytest.raises(InvalidAddress):
        _ = Address("a@-ü.test").ascii_email


def test_it_needs_smtputf8_for_the_local_part_only():
    assert Address("jörg@b.test").needs_smtputf8
    assert not Address("a@bücher.test", "Jörg").needs_smtputf8


def test_it_compares_domains_without_case_and_local_parts_with_it():
    assert Address("a@B.test", "A").key == Address("a@b.TEST").key
    assert Address("A@b.test").key != Address("a@b.test").key


@settings(max_examples=200)
@given(st.text(max_size=100))
def test_it_answers_any_text_with_an_address_or_a_refusal(text):
    for value in (
        text,
        f"{text} <a@b.test>",
        f'"{text}" <a@b.test>',
        f"{text}@b.test",
        f"a@{text}",
    ):
        try:
            address = read(value)
        except InvalidAddress:
            continue
        assert not set("\r\n\0") & set(f"{address.email}{address.name}")
        assert address.ascii_email.rpartition("@")[2].isascii()
