"""The OpenAPI description."""

from typing import Any

import pytest
import yaml
from django.test import Client

pytestmark = pytest.mark.urls("tests.project.api.sample")


@pytest.fixture
def schema(db: None) -> dict[str, Any]:
    answer = Client().get("/api/v1/schema")
    assert answer.status_code == 200
    found = yaml.safe_load(answer.content)
    assert isinstance(found, dict)
    return found


def test_it_describes_this_api_only(schema: dict[str, Any]) -> None:
    assert "/api/v1/domains" in schema["paths"]
    assert all(f"{path}/".startswith("/api/v1/") for path in schema["paths"])


def test_it_documents_the_errors_of_every_operation(schema: dict[str, Any]) -> None:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            assert {"400", "401", "403", "404", "429", "500"} <= set(answers), (path, method)
            if method != "get":
                assert {"409", "413", "415", "422"} <= set(answers)
            shape = answers["401"]["content"]["application/json"]["schema"]
            assert shape == {"$ref": "#/components/schemas/Error"}


def test_it_documents_keys_scopes_lists_and_idempotency(schema: dict[str, Any]) -> None:
    domains = schema["paths"]["/api/v1/domains"]
    assert domains["get"]["security"] == [{"bearer": []}, {"x-api-key": []}, {"session": []}]
    assert "Scope: `admin`" in domains["post"]["description"]
    names = [parameter["name"] for parameter in domains["get"]["parameters"]]
    assert names == ["after", "count", "limit"]
    assert [p["name"] for p in domains["post"]["parameters"]] == ["Idempotency-Key"]
    page = schema["components"]["schemas"]["DomainPage"]
    assert set(page["properties"]) == {"data", "next", "total"}


def test_it_needs_no_key(db: None) -> None:
    assert Client().get("/api/v1/docs").status_code == 200
