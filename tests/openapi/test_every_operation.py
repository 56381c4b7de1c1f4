"""Every operation answers whatever it is asked as its description says, and never with 5xx."""

from __future__ import annotations

import os
from http import HTTPStatus

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from project.wsgi import application
from tests.openapi.house import House, lead_in, make_house
from tests.people import Person

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CALM = settings(
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def describe(*, coverage: bool) -> schemathesis.BaseSchema:
    """The description, fetched through the door; `coverage` adds each rule's every violation."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", application)
    schema.config.phases.coverage.enabled = coverage
    schema.config.generation.update(with_security_parameters=False)
    return schema


for binary in ("message/rfc822", "application/offset+octet-stream"):
    schemathesis.serializer.alias(binary, "application/octet-stream")
schema = describe(coverage=False)
whole = describe(coverage=True)


@pytest.fixture
def house(alice: Person) -> House:
    return make_house(alice)


def judge(case: Case, person: Person, house: House) -> None:
    lead_in(case, house)
    with transaction.atomic():  # each example finds the house as it was
        answer = case.call(headers={"Authorization": f"Bearer {person.key}"})
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)
    assert answer.headers["x-request-id"]


@schema.parametrize()
@settings(CALM, max_examples=20)
def test_it_answers_as_described(case: Case, alice: Person, house: House) -> None:
    judge(case, alice, house)


@pytest.mark.full
@pytest.mark.skipif(not os.environ.get("CI"), reason="takes minutes: set CI=true")
@whole.parametrize()
@settings(CALM, max_examples=100)
def test_it_answers_as_described_at_length(case: Case, alice: Person, house: House) -> None:
    judge(case, alice, house)


@schema.parametrize()
@settings(CALM, max_examples=1)
def test_it_refuses_an_unknown_key(case: Case, db: None) -> None:
    answer = case.call(headers={"Authorization": "Bearer enc_unknown", "x-api-key": "enc_unknown"})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json()["error"]["code"] == "unknown_key"
    case.validate_response(answer, checks=CHECKS)
