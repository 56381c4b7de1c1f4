"""Lists, page by page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.people import Person
from tests.project.api.test_errors import error_in

pytestmark = pytest.mark.urls("tests.project.api.sample")

PATH = "/api/v1/domains"


@pytest.fixture
def names(alice: Person) -> list[str]:
    names = [f"{number:03}.test" for number in range(60)]
    for name in names:
        alice.workspace.domains.create(name=name)
    return names[::-1]


def walk(alice: Person, path: str, limit: int) -> list[str]:
    seen, after = [], ""
    while after is not None:
        page = alice.api.get(path, {"limit": limit, **({"after": after} if after else {})}).json()
        assert len(page["data"]) <= limit
        seen += [row["name"] for row in page["data"]]
        after = page["next"]
    return seen


def test_it_gives_25_newest_first(alice: Person, names: list[str]) -> None:
    page = alice.api.get(PATH).json()
    assert page.keys() == {"data", "next"}
    assert [row["name"] for row in page["data"]] == names[:25]


@pytest.mark.parametrize("limit", [1, 7, 20, 60, 100])
def test_it_gives_every_row_once(alice: Person, names: list[str], limit: int) -> None:
    assert walk(alice, PATH, limit) == names


def test_it_is_not_upset_by_new_rows(alice: Person, names: list[str]) -> None:
    first = alice.api.get(PATH, {"limit": 10}).json()
    alice.workspace.domains.create(name="new.test")
    second = alice.api.get(PATH, {"limit": 10, "after": first["next"]}).json()
    assert [row["name"] for row in second["data"]] == names[10:20]


def test_it_takes_one_query_and_one_more_to_count(
    alice: Person, names: list[str], django_assert_num_queries
) -> None:
    with django_assert_num_queries(2):  # key, rows
        alice.api.get(PATH)
    with django_assert_num_queries(3):
        assert alice.api.get(PATH, {"count": "true"}).json()["total"] == 60


def test_it_pages_by_several_columns(alice: Person, names: list[str]) -> None:
    same = timezone.now()
    rows = list(alice.workspace.domains.order_by("name"))
    for number, row in enumerate(rows):
        row.created_at = same + timedelta(seconds=number // 7)
        row.save()
    assert walk(alice, "/api/v1/by-columns", 5) == names[::-1]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", "", "²", "9" * 30])
def test_it_refuses_other_limits(alice: Person, limit: str) -> None:
    error = error_in(alice.api.get(PATH, {"limit": limit}), 400)
    assert (error["field"], error["limit"]) == ("limit", 100)


@pytest.mark.parametrize(
    "cursor", ["x", "!", "ü", "bnVsbA", "W10", "WzFd", "WyJ4Il0", "W251bGxd", "e30", "A" * 5000]
)
def test_it_refuses_a_cursor_that_it_did_not_make(alice: Person, cursor: str) -> None:
    error = error_in(alice.api.get(PATH, {"after": cursor}), 400)
    assert (error["code"], error["field"]) == ("invalid_cursor", "after")


def test_it_refuses_a_count_that_is_neither(alice: Person) -> None:
    assert error_in(alice.api.get(PATH, {"count": "maybe"}), 400)["field"] == "count"
