import pytest

from messaging.errors import InvalidHeader, UnwritableText
from messaging.letter import check_headers


def test_it_takes_headers_of_the_senders_own():
    check_headers({"X-Campaign": "spring", "List-Unsubscribe": "<https://acme.test/u>", "x": ""})
    check_headers({f"X-{n}": "x" * 998 for n in range(50)})


@pytest.mark.parametrize(
    "name",
    [
        "From",
        "to",
        "CC",
        "Bcc",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Reply-To",
        "Sender",
    ]
    + ["Content-Type", "content-anything", "Return-Path", "Received", "DKIM-Signature"]
    + ["Resent-To", "In-Reply-To", "References", "ARC-Seal"],
)
def test_it_refuses_headers_that_are_not_the_senders(name):
    with pytest.raises(InvalidHeader) as refusal:
        check_headers({"X-A": "a", name: "b"})
    assert refusal.value.field == f"headers.{name}"


@pytest.mark.parametrize("name", ["", "X A", "X:", "X-Ä", "X\r\nBcc", ".X", "-X", "X\0", "X" * 77])
def test_it_refuses_what_is_not_the_name_of_a_header(name):
    with pytest.raises(InvalidHeader) as refusal:
        check_headers({name: "a"})
    assert refusal.value.field == "headers"


@pytest.mark.parametrize("value", ["a\r\nBcc: b", "a\nb", "a\rb", "a\0", "\ud800"])
def test_it_refuses_values_that_would_end_their_header(value):
    with pytest.raises(UnwritableText) as refusal:
        check_headers({"X-A": value}, field="custom_headers")
    assert refusal.value.field == "custom_headers.X-A"


def test_it_refuses_more_than_a_mail_should_have():
    with pytest.raises(InvalidHeader) as refusal:
        check_headers({f"X-{n}": "a" for n in range(51)})
    assert (refusal.value.limit, refusal.value.actual) == (50, 51)


def test_it_refuses_values_that_are_too_long():
    with pytest.raises(InvalidHeader) as refusal:
        check_headers({"X-A": "x" * 999})
    assert (refusal.value.field, refusal.value.limit, refusal.value.actual) == (
        "headers.X-A",
        998,
        999,
    )
