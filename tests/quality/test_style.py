import pytest

from tests.quality.command import run

pytestmark = pytest.mark.quality


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check"),
        ("ruff", "format", "--check"),
        ("mypy",),
        ("lint-imports",),
    ],
    ids=" ".join,
)
def test_it_has_no_complaints(command):
    result = run(*command)
    assert result.returncode == 0, result.stdout
