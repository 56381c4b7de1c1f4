"""The tests of the outbox see what they are there to see."""

import os

import pytest

from tests.messaging.outbox.mutants import MUTANTS, red_test


@pytest.mark.full
@pytest.mark.slow
@pytest.mark.sqlite_only
@pytest.mark.skipif(not os.environ.get("CI"), reason="only with CI set: a pytest run per mutant")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_turns_a_test_red(name):
    assert red_test(name)
