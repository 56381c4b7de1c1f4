"""GET /api/email/attachments"""

from __future__ import annotations

import pytest

from tests.contracts.emailapi.wire import FILES, error_of, inline, send, upload
from tests.make import api_with

pytestmark = pytest.mark.django_db(transaction=True)


def listed(api, query=""):
    response = api.get(f"{FILES}{query}")
    assert response.status_code == 200, response.content
    return response.json()["data"]


def names(data):
    return [file["filename"] for file in data["attachments"]]


def test_r11_r13_r14_r15_it_lists_six_fields_newest_first(alice, bob, charlie):
    ones = [upload(alice.api, filename=f"{n}.pdf") for n in range(3)]
    response = bob.api.get(FILES)
    assert response.status_code == 200
    fields = ("id", "filename", "contentType", "size", "createdAt", "expiresAt")
    assert response.json() == {
        "success": True,
        "data": {
            "attachments": [{name: one[name] for name in fields} for one in reversed(ones)],
            "pagination": {"total": 3, "limit": 20, "offset": 0, "hasMore": False},
        },
        "message": "Attachments retrieved successfully",
    }
    assert listed(charlie.api)["attachments"] == []


def test_r12_r14_limit_and_offset(alice):
    for number in range(5):
        upload(alice.api, filename=f"{number}.pdf")
    page = listed(alice.api, "?limit=2&offset=2")
    assert names(page) == ["2.pdf", "1.pdf"]
    assert page["pagination"] == {"total": 5, "limit": 2, "offset": 2, "hasMore": True}
    assert names(listed(alice.api, "?limit=2&offset=4")) == ["0.pdf"]
    assert listed(alice.api, "?limit=2&offset=3")["pagination"]["hasMore"] is False
    assert listed(alice.api, "?offset=99")["attachments"] == []


def test_r12_the_limit_is_20_and_at_most_100(alice):
    for number in range(21):
        upload(alice.api, filename=f"{number}.pdf")
    assert len(listed(alice.api)["attachments"]) == 20
    assert listed(alice.api)["pagination"]["hasMore"] is True
    assert listed(alice.api, "?limit=100")["pagination"]["limit"] == 100
    assert listed(alice.api, "?limit=101")["pagination"]["limit"] == 100
    assert listed(alice.api, f"?limit={10**17}&offset={10**17}")["attachments"] == []


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("text", ["x", "", "-1", "1.5", "1e2", "9" * 30])
def test_r12_what_is_no_number_is_refused(alice, name, text):
    error = error_of(alice.api.get(f"{FILES}?{name}={text}"), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", name)


def test_r12_a_limit_of_none_is_refused(alice):
    assert error_of(alice.api.get(f"{FILES}?limit=0"), 400)["field"] == "limit"


def test_r12_search_is_any_part_of_the_name_without_case(alice):
    for name in ("Invoice-Jan.pdf", "invoice-feb.pdf", "100%.pdf"):
        upload(alice.api, filename=name)
    assert names(listed(alice.api, "?search=INVOICE")) == ["invoice-feb.pdf", "Invoice-Jan.pdf"]
    assert names(listed(alice.api, "?search=%25")) == ["100%.pdf"]
    assert listed(alice.api, "?search=jan")["pagination"]["total"] == 1
    assert error_of(alice.api.get(f"{FILES}?search=%00"), 400)["field"] == "search"


def test_it_leaves_out_what_was_deleted_and_what_came_inside_an_email(alice, sender):
    one, two = upload(alice.api), upload(alice.api, b"2")
    send(alice.api, inline(b"3"), {"id": two["id"]}, {"id": two["id"]})
    assert alice.api.delete(f"{FILES}/{one['id']}").status_code == 200
    assert [file["id"] for file in listed(alice.api)["attachments"]] == [two["id"]]


def test_r3_it_needs_a_key_with_the_scope_read(alice, client):
    assert error_of(client.get(FILES), 401)["code"] == "UNAUTHORIZED"
    assert error_of(api_with(alice.workspace, "files").get(FILES), 403)["code"] == "FORBIDDEN"
