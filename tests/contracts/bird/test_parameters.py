"""Values in the place of names."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.models import Inbox
from tests.contracts.bird.wire import delivered, error_of, get, params_of, post, row, send
from tests.people import Person

pytestmark = pytest.mark.django_db


def filled(alice: Person, text: str, parameters: Any) -> str | None:
    return row(send(alice.api, text=text, parameters=parameters)["id"]).text


def test_names_become_values(alice: Person, inbox: Inbox) -> None:
    fields = {
        "subject": "Hello {{ name }}",
        "text": "{{name}} owes {{ amount }} ({{\tpaid }}).{{ nothing }}",
        "html": "<b>{{ name }}</b>",
        "parameters": {"name": "Ann & Co", "amount": 4.5, "paid": False},
    }
    message = send(alice.api, **fields)
    assert message["subject"] == "Hello Ann & Co"
    assert message["parameters"] == fields["parameters"]
    assert get(alice.api, message["id"])["parameters"] == fields["parameters"]
    mail = delivered(message["id"])
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain and plain.get_content().strip() == "Ann & Co owes 4.5 (false)."
    assert html and html.get_content().strip() == "<b>Ann &amp; Co</b>"


def test_without_parameters_the_names_stay(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, subject="{{ name }}")
    assert (message["subject"], message["parameters"]) == ("{{ name }}", None)


def test_with_none_of_them_the_names_go(alice: Person, inbox: Inbox) -> None:
    assert filled(alice, "a{{ name }}b", {}) == "ab"


@pytest.mark.parametrize(
    "text", ["{{ a.b }}", "{{ a | upcase }}", "{% if a %}", "{ { a } }", "{{ }}", "{{a"]
)
def test_other_tags_stay(text: str, alice: Person, inbox: Inbox) -> None:
    assert filled(alice, text, {"a": "x"}) == text


def test_a_value_is_not_filled_in_itself(alice: Person, inbox: Inbox) -> None:
    assert filled(alice, "{{ a }}", {"a": "{{ b }}", "b": "x"}) == "{{ b }}"
    assert filled(alice, "{{ a }}", {"a": r"\1 \g<0>"}) == r"\1 \g<0>"


def test_what_is_no_text_is_told_as_json(alice: Person, inbox: Inbox) -> None:
    assert filled(alice, "{{ a }}-{{ b }}", {"a": [1, {"x": None}], "b": None}) == (
        '[1,{"x":null}]-'
    )


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"subject": "{{ a }}" * 2, "parameters": {"a": "x" * 500}}, "subject"),
        ({"subject": "{{ a }}", "parameters": {"a": "x\r\nBcc: y"}}, "subject"),
        ({"subject": "{{ a }}", "parameters": {}}, "subject"),
        ({"text": "{{ a }}" * 70_000, "parameters": {"a": "x" * 16_000}}, "text"),
        ({"html": "{{ a }}" * 200, "parameters": {"a": "&" * 600}}, "html"),
    ],
)
def test_a_text_that_cannot_be_is_refused(
    fields: Any, param: str, alice: Person, inbox: Inbox
) -> None:
    assert params_of(post(alice.api, **fields)) == [param]
    assert error_of(post(alice.api, **fields), 422)["details"][0]["message"]
