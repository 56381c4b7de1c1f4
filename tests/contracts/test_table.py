"""Every requirement of every contract has a test, and the README says which."""

import pytest

from project.contracts.doors import DOORS, Door
from tests.contracts.table import README, held_by, requirements_of, with_tables

pytestmark = pytest.mark.quality
each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)


@each_door
def test_every_requirement_has_a_test_that_always_runs(door: Door) -> None:
    held = frozenset[int]().union(*(test.numbers for test in held_by(door) if not test.marks))
    assert sorted(requirements_of(door).keys() - held) == []


@each_door
def test_no_test_holds_a_requirement_that_there_is_not(door: Door) -> None:
    wanted = requirements_of(door).keys()
    assert [str(test) for test in held_by(door) if not test.numbers <= wanted] == []


@each_door
def test_no_such_test_is_skipped_for_good_or_may_fail(door: Door) -> None:
    """A browser may be missing, which `skipif` says; nothing else excuses."""
    assert [str(test) for test in held_by(door) if test.marks & {"skip", "xfail"}] == []


def test_the_table_is_up_to_date() -> None:
    text = README.read_text()
    assert text == with_tables(text), "run `python -m tests.contracts.table`"
