"""GET /api/v1/attachments and /api/v1/attachments/{id}"""

from __future__ import annotations

from hashlib import sha256

import pytest

from attachments.retention import lose_attachment
from project.ids import new_id, spell
from tests.attachments.make import make_attachment, make_reserved
from tests.make import api_with

URL = "/api/v1/attachments"


def url_of(attachment) -> str:
    return f"{URL}/{spell('att', attachment.pk)}"


def names(response) -> list[str]:
    return [row["filename"] for row in response.json()["data"]]


def test_it_shows_a_file_to_its_workspace_alone(alice, bob, charlie):
    attachment = make_attachment(alice.workspace)
    for person in (alice, bob):
        response = person.api.get(url_of(attachment))
        assert response.status_code == 200
        assert response.json()["filename"] == "foo.txt"
    assert charlie.api.get(url_of(attachment)).status_code == 404


def test_it_shows_a_file_to_a_signed_in_person(alice):
    response = alice.browser.get(url_of(make_attachment(alice.workspace)))
    assert response.json()["state"] == "ready"


@pytest.mark.parametrize("id", ["att_1", "foo", spell("msg", new_id()), spell("att", new_id())])
def test_it_knows_no_other_ids(alice, id):
    response = alice.api.get(f"{URL}/{id}")
    assert response.status_code == 404
    assert response.json()["error"]["message"]


def test_it_does_not_show_what_a_reservation_is_meant_to_have(alice):
    digest = sha256(b"foo").hexdigest()
    attachment = make_reserved(alice.workspace, sha256=digest)
    body = alice.api.get(url_of(attachment)).json()
    assert (body["state"], body["sha256"], body["download_url"]) == ("reserved", None, None)
    assert body["upload"]["method"] == "PUT"


def test_it_says_why_the_bytes_are_gone(alice):
    attachment = make_attachment(alice.workspace)
    lose_attachment(attachment=attachment)
    body = alice.api.get(url_of(attachment)).json()
    assert (body["state"], body["download_url"]) == ("gone", None)
    assert body["sha256"] == sha256(b"foo").hexdigest()
    assert body["reason"]["code"] == "lost"


def test_it_lists_newest_first_page_by_page(alice, bob, charlie):
    for number in range(5):
        make_attachment(alice.workspace, filename=f"{number}.txt")
    make_attachment(charlie.workspace, filename="other.txt")
    first = bob.api.get(URL, {"limit": 2, "count": "true"})
    assert names(first) == ["4.txt", "3.txt"]
    assert first.json()["total"] == 5
    second = bob.api.get(URL, {"limit": 2, "after": first.json()["next"]})
    third = bob.api.get(URL, {"limit": 2, "after": second.json()["next"]})
    assert names(second) + names(third) == ["2.txt", "1.txt", "0.txt"]
    assert third.json()["next"] is None
    assert names(charlie.api.get(URL)) == ["other.txt"]


def test_it_finds_files(alice):
    make_attachment(alice.workspace, b"one", filename="Invoice May.pdf")
    make_attachment(alice.workspace, b"two", filename="photo.png", content_type="image/png")
    make_reserved(alice.workspace, filename="later.pdf", sha256=sha256(b"two").hexdigest())
    get = alice.api.get
    assert names(get(URL, {"search": "voice m"})) == ["Invoice May.pdf"]
    assert names(get(URL, {"state": "reserved"})) == ["later.pdf"]
    assert names(get(URL, {"content_type": "image/png"})) == ["photo.png"]
    assert names(get(URL, {"sha256": sha256(b"two").hexdigest()})) == ["photo.png"]
    assert len(names(get(URL, {"unused": "true"}))) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"state": "lost"},
        {"sha256": "xyz"},
        {"unused": "maybe"},
        {"limit": "0"},
        {"limit": "101"},
        {"after": "nonsense"},
    ],
)
def test_it_refuses_filters_that_make_no_sense(alice, query):
    response = alice.api.get(URL, query)
    assert response.status_code == 400
    assert response.json()["error"]["field"] == next(iter(query))


def test_it_needs_the_scope_read(alice):
    attachment = make_attachment(alice.workspace)
    api = api_with(alice.workspace, "files")
    assert api.get(URL).status_code == 403
    assert api.get(url_of(attachment)).status_code == 403


def test_it_lists_with_two_statements(alice, django_assert_num_queries):
    for _ in range(3):
        make_attachment(alice.workspace)
    api = alice.api
    with django_assert_num_queries(2):  # the key, the page
        assert len(names(api.get(URL))) == 3
