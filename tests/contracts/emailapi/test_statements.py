"""What requests ask of the database, however much there is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.attachments.statements import verbs_of
from tests.contracts.emailapi.wire import FILES, inline, post_file, post_letter, upload

pytestmark = pytest.mark.django_db(transaction=True)


def statements(ask) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert ask().status_code < 300
    return verbs_of(queries)


def test_a_list_takes_three(alice):
    for number in range(5):
        upload(alice.api, filename=f"{number}.pdf")
    assert statements(lambda: alice.api.get(FILES)) == ["SELECT"] * 3  # key, count, files


def test_one_file_takes_three_and_its_bytes_two(alice):
    address = f"{FILES}/{upload(alice.api)['id']}"
    assert statements(lambda: alice.api.get(address)) == ["SELECT"] * 3  # key, file, uses
    assert statements(lambda: alice.api.get(f"{address}/download")) == ["SELECT"] * 2


def test_an_upload_takes_seven(alice):
    # key, blob; count, blob, attachment, events, who waits for it
    assert len(statements(lambda: post_file(alice.api))) <= 7


def test_a_send_takes_the_same_however_many_files_it_has(alice, sender):
    few, many = ([{"id": upload(alice.api)["id"]} for _ in range(count)] for count in (1, 9))
    counts = [len(statements(lambda: post_letter(alice.api, *files))) for files in (few, many)]  # noqa: B023
    assert counts[0] == counts[1] <= 17


def test_each_inline_file_adds_its_own(alice, sender):
    one, two = ([inline(b"%d" % n, f"{n}.txt") for n in range(count)] for count in (1, 2))
    counts = [len(statements(lambda: post_letter(alice.api, *files))) for files in (one, two)]  # noqa: B023
    assert counts[1] - counts[0] <= 5
