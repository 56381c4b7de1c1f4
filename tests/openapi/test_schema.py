"""The OpenAPI description: valid, whole, and with a word for everything."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command

#: what the native contract promises, below /api/v1
PROMISED = """
POST GET          /attachments
GET DELETE        /attachments/{id}
GET               /attachments/{id}/content
GET               /attachments/{id}/uses
POST              /uploads
GET PATCH DELETE  /uploads/{id}
POST GET          /drafts
GET PATCH DELETE  /drafts/{id}
POST              /drafts/{id}/attachments
PATCH DELETE      /drafts/{id}/attachments/{attachment_id}
GET               /drafts/{id}/check
POST DELETE       /drafts/{id}/send
POST GET          /messages
GET PATCH DELETE  /messages/{id}
GET               /messages/{id}/raw
GET               /messages/{id}/attachments/{attachment_id}/content
GET               /messages/{id}/manifest
GET               /messages/{id}/events
POST              /messages/{id}/cancel
POST              /messages/{id}/resolve
POST GET          /inboxes
GET PATCH DELETE  /inboxes/{id}
GET POST          /inboxes/{id}/folders
GET PATCH DELETE  /inboxes/{id}/folders/{folder_id}
POST GET          /customers
GET PATCH DELETE  /customers/{id}
GET               /threads
GET               /threads/{id}
GET               /events
POST GET          /keys
GET DELETE        /keys/{id}
GET               /limits
"""


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    written = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=written)
    found = yaml.safe_load(written.getvalue())
    assert isinstance(found, dict)
    return found


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_it_is_valid_and_without_a_warning(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.")


def test_it_has_every_operation_of_the_contract(schema: dict[str, Any]) -> None:
    wanted = {
        f"{method} /api/v1{line.split()[-1]}"
        for line in PROMISED.strip().splitlines()
        for method in line.split()[:-1]
    }
    assert wanted - {name for name, _ in operations(schema)} == set()


def test_it_describes_every_operation_and_parameter(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert operation["description"].partition("\n")[0].endswith("."), name
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (name, parameter["name"])


def test_it_describes_every_field(schema: dict[str, Any]) -> None:
    mute = [
        f"{component}.{name}"
        for component, shape in schema["components"]["schemas"].items()
        for name, field in shape.get("properties", {}).items()
        if not field.get("description") and "$ref" not in field
    ]
    assert mute == []


def test_it_has_an_example_of_every_json_body(schema: dict[str, Any]) -> None:
    without = [
        name
        for name, operation in operations(schema)
        if "application/json" in (content := operation.get("requestBody", {}).get("content", {}))
        and not content["application/json"].get("examples")
    ]
    assert without == []


def test_it_has_an_example_of_every_json_answer(schema: dict[str, Any]) -> None:
    without = [
        f"{name} {status}"
        for name, operation in operations(schema)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        and "application/json" in answer.get("content", {})
        and not answer["content"]["application/json"].get("examples")
    ]
    assert without == []


def test_it_shows_pages_where_pages_are_answered(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        content = operation["responses"].get("200", {}).get("content", {})
        shape = content.get("application/json", {})
        if shape.get("schema", {}).get("$ref", "").endswith("Page"):
            assert all({"data", "next"} <= set(e["value"]) for e in shape["examples"].values()), (
                name
            )


def test_it_describes_every_answer(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        assert any(status.startswith("2") for status in operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert answer["description"], (name, status)
