"""What a request may say, and how a wrong one is named."""

from typing import Any

import pytest

from project.ids import new_id, spell
from tests.people import Person
from tests.project.api.test_errors import error_in

pytestmark = pytest.mark.urls("tests.project.api.sample")

PATH = "/api/v1/letters"


def refused(alice: Person, body: Any, status: int = 400) -> dict[str, Any]:
    return error_in(alice.api.post(PATH, body), status)


def read(alice: Person, **fields: Any) -> dict[str, Any]:
    answer = alice.api.post(PATH, fields)
    assert answer.status_code == 200, answer.content
    return answer.json()["fields"]


def test_it_refuses_unknown_fields_by_name(alice: Person) -> None:
    error = refused(alice, {"subjekt": "x"})
    assert error["field"] == "subjekt"
    assert error["details"][0]["code"] == "unknown"


def test_it_names_a_nested_field_by_its_path(alice: Person) -> None:
    error = refused(alice, {"to": [{"email": "a@b.test"}, {"email": "no"}, {"mail": 1}]})
    assert error["field"] == "to[1].email"
    assert [problem["field"] for problem in error["details"]] == ["to[1].email", "to[2].mail"]
    assert error["message"] == error["details"][0]["message"]


@pytest.mark.parametrize("entry", ["a", 1, None, ["a"]])
def test_it_refuses_what_is_no_object(alice: Person, entry: Any) -> None:
    assert refused(alice, {"to": [entry]})["field"] == "to[0]"


@pytest.mark.parametrize("address", ["a@b.c", "Ann <a@b.c>", {"email": "a@b.c", "name": None}])
def test_it_reads_addresses(alice: Person, address: Any) -> None:
    assert read(alice, sender=address)["sender"] == address


@pytest.mark.parametrize(
    "address",
    [1, None, [], {}, {"email": 1}, {"email": "a@b.c", "x": 1}, {"email": "a", "name": 1}],
)
def test_it_refuses_other_shapes_of_address(alice: Person, address: Any) -> None:
    assert refused(alice, {"sender": address})["field"] == "sender"


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00.000Z"),
        ("2026-01-31T09:00:00.1239+01:00", "2026-01-31T08:00:00.123Z"),
    ],
)
def test_it_spells_times_in_utc_with_milliseconds(alice: Person, text: str, spelt: str) -> None:
    assert read(alice, send_at=text)["send_at"] == spelt


@pytest.mark.parametrize(
    "text", ["2026-01-31T09:00:00", "tomorrow", "2026-02-31T09:00:00Z", 5, "2026-01-31", ""]
)
def test_it_refuses_other_times(alice: Person, text: Any) -> None:
    assert refused(alice, {"send_at": text})["field"] == "send_at"


def test_it_reads_ids(alice: Person) -> None:
    id = spell("inb", new_id())
    assert read(alice, inbox_id=id)["inbox_id"] == id


def test_it_says_404_of_an_id_that_cannot_be(alice: Person) -> None:
    assert refused(alice, {"inbox_id": spell("att", new_id())}, 404)["field"] == "inbox_id"
    assert refused(alice, {"inbox_id": "x"}, 404)["field"] == "inbox_id"
    assert refused(alice, {"inbox_id": 3}, 400)["field"] == "inbox_id"


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", "x" * 999, 7, None])
def test_it_refuses_what_is_no_line(alice: Person, text: Any) -> None:
    assert refused(alice, {"subject": text})["field"] == "subject"


def test_it_keeps_a_long_text_as_it_is(alice: Person) -> None:
    text = " ünï\r\n\t" * 10_000
    assert read(alice, text=text)["text"] == text
    assert refused(alice, {"text": "a" * 1_000_001})["field"] == "text"


def test_it_refuses_blank_where_something_is_needed(alice: Person) -> None:
    answer = alice.api.post("/api/v1/domains", {"name": "  "})
    assert error_in(answer, 400)["field"] == "name"


@pytest.mark.parametrize(
    ("header", "body", "version"),
    [('"7"', {}, 7), ("7", {}, 7), ('W/"7"', {}, 7), ("*", {}, None), (None, {"version": 7}, 7),
     ('"7"', {"version": 7}, 7), (None, {}, None)],
)  # fmt: skip
def test_it_reads_the_expected_version(
    alice: Person, header: str | None, body: dict[str, Any], version: int | None
) -> None:
    headers = {"If-Match": header} if header else {}
    answer = alice.api.patch(PATH, body, headers=headers)
    assert answer.json()["version"] == version


@pytest.mark.parametrize(
    ("header", "body", "field"),
    [('"x"', {}, "If-Match"), ('"7", "8"', {}, "If-Match"), ('"7"', {"version": 8}, "version"),
     ('"7"', {"version": "x"}, "version")],
)  # fmt: skip
def test_it_refuses_a_version_that_is_none(
    alice: Person, header: str, body: dict[str, Any], field: str
) -> None:
    answer = alice.api.patch(PATH, body, headers={"If-Match": header})
    assert error_in(answer, 400)["field"] == field
