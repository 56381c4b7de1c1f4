"""What the OpenAPI description says of drafts."""

from __future__ import annotations

import pytest

PATHS = {
    "/api/v1/drafts": {"get", "post"},
    "/api/v1/drafts/{id}": {"get", "patch", "delete"},
    "/api/v1/drafts/{id}/check": {"get"},
    "/api/v1/drafts/{id}/send": {"post", "delete"},
    "/api/v1/drafts/{id}/attachments": {"post"},
    "/api/v1/drafts/{id}/attachments/{attachment_id}": {"patch", "delete"},
}


@pytest.fixture(scope="module")
def description(django_db_setup, django_db_blocker):
    from drf_spectacular.generators import SchemaGenerator

    with django_db_blocker.unblock():
        return SchemaGenerator().get_schema(request=None, public=True)


@pytest.mark.parametrize("path", PATHS)
def test_every_operation_is_described(description, path):
    operations = description["paths"][path]
    assert set(operations) == PATHS[path]
    for operation in operations.values():
        assert operation["description"]
        assert "Scope: `" in operation["description"]


def test_requests_have_examples(description):
    body = description["paths"]["/api/v1/drafts"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    assert body["application/json"]["examples"]


def test_the_files_of_a_draft_are_described(description):
    schemas = description["components"]["schemas"]
    for name in ("DraftInRequest", "PatchedDraftChangesInRequest"):
        assert schemas[name]["properties"]["attachments"]["items"]["oneOf"]
