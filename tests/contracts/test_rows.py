"""Every "no" of the core has its own answer at every door."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse

import attachments
import drafts
import messaging
import project
from project.api.errors import PLAIN, REQUEST_ID, STATUSES, Problem, plain_problem, problem_of
from project.errors import Refusal, TooMany
from project.ids import new_id, spell
from tests.contracts.addresses import NAMES, contract_of
from tests.contracts.shapes import SHAPES

each_door = pytest.mark.parametrize("door", NAMES)
#: what Django, DRF or the body's wrapper say by a status alone
BARE = sorted(set(PLAIN) - {406, 408, 416})
NOT_MODULES = ("migrations", "project.run", "project.gunicorn", "project.celery")


def all_refusals() -> list[type[Refusal]]:
    """Every class of refusal there is, once everything has been imported."""
    for package in (project, attachments, messaging, drafts):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(name in module.name for name in NOT_MODULES):
                import_module(module.name)
    return sorted(set(descendants(Refusal)), key=lambda kind: kind.__qualname__)


def descendants(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def is_others(kind: type[Refusal], door: str) -> bool:
    """Whether it belongs to another contract, or to tests."""
    module = kind.__module__
    own = module.startswith(f"project.contracts.{door}.")
    return module.startswith("tests.") or (module.startswith("project.contracts.") and not own)


def raised(kind: type[Refusal]) -> Refusal:
    """One of a kind, whatever its own facts are."""
    refusal = kind.__new__(kind)
    facts: dict[str, Any] = {"retry_after": 7} if issubclass(kind, TooMany) else {}
    base = TooMany if issubclass(kind, TooMany) else Refusal
    base.__init__(refusal, "It is so.", field="to[0].email", limit=1, actual=2, **facts)
    return refusal


def answered(door: str, problem: Problem) -> tuple[HttpResponse, str]:
    request = HttpRequest()
    request.META[REQUEST_ID] = request_id = spell("req", new_id())
    return contract_of(door).answer(request, problem), request_id


def test_all_are_found() -> None:
    found = all_refusals()
    assert len(found) > 60
    assert set(STATUSES) <= set(found)


@each_door
def test_every_refusal_has_a_row_that_is_not_the_bugs(door: str) -> None:
    contract = contract_of(door)
    broken = contract.rows[500]
    homeless = [
        kind.__qualname__
        for kind in all_refusals()
        if not is_others(kind, door) and contract.row_of(problem_of(raised(kind))) is broken
    ]
    assert homeless == []


@each_door
def test_every_row_is_spelt_in_the_doors_shape(door: str) -> None:
    problems = [problem_of(raised(kind)) for kind in all_refusals() if not is_others(kind, door)]
    for problem in [*problems, *map(plain_problem, BARE)]:
        answer, request_id = answered(door, problem)
        assert (answer.status_code >= 500) == (problem.status >= 500), problem
        SHAPES[door](answer.status_code, json.loads(answer.content), request_id)


@each_door
def test_what_is_too_many_says_when_to_come_again(door: str) -> None:
    answer, _ = answered(door, problem_of(TooMany("Later.", retry_after=7)))
    assert (answer.status_code, answer["Retry-After"]) == (429, "7")


@each_door
@pytest.mark.parametrize("status", [402, 406, 408, 410, 412, 416, 418])
def test_a_status_of_the_callers_fault_is_never_the_bugs(door: str, status: int) -> None:
    answer, _ = answered(door, plain_problem(status))
    assert 400 <= answer.status_code < 500
