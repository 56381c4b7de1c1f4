"""/v1/customers"""

from __future__ import annotations

import pytest

from messaging.models import Customer
from project.ids import spell_hex
from tests.contracts.kustomer.wire import NOBODY, error_of, pointer_of
from tests.make import api_with

URL = "/v1/customers"
JANE = {
    "name": "Jane Doe",
    "company": "Doe Ltd",
    "externalId": "ext/7",
    "username": "jane",
    "emails": [{"email": "jane@example.com", "type": "work", "verified": True}],
    "phones": [{"phone": "+1 555 0100", "type": "other", "verified": False}],
    "tags": ["gold"],
    "locale": "en_GB",
    "timeZone": "Europe/London",
    "custom": {"ageNum": 7},
}


def make(person, **fields):
    answer = person.api.post(URL, fields)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


def test_a_customer_is_made_with_all_that_is_said(alice):
    data = make(alice, **JANE, unknown="ignored")
    row = Customer.objects.get()
    id = spell_hex(row.pk)
    attributes = data.pop("attributes")
    assert data == {
        "type": "customer",
        "id": id,
        "relationships": {
            "messages": {"links": {"self": f"/v1/customers/{id}/messages"}},
            "drafts": {"links": {"self": f"/v1/customers/{id}/drafts"}},
        },
        "links": {"self": f"/v1/customers/{id}"},
    }
    assert attributes.pop("createdAt").endswith("Z")
    assert attributes.pop("updatedAt").endswith("Z")
    assert attributes == JANE
    assert (row.external_id, row.metadata, row.email) == (
        "ext/7",
        {"ageNum": 7},
        "jane@example.com",
    )


def test_an_empty_object_makes_a_customer(alice):
    attributes = make(alice)["attributes"]
    wanted = {"name": None, "externalId": None, "emails": [], "phones": [], "tags": []}
    assert {name: attributes[name] for name in wanted} == wanted
    assert attributes["custom"] == {}


def test_an_address_needs_no_type(alice):
    attributes = make(alice, emails=[{"email": "Jane@Example.com"}])["attributes"]
    assert attributes["emails"] == [
        {"email": "jane@example.com", "type": "home", "verified": False}
    ]


@pytest.mark.parametrize(
    "path",
    [
        "{id}",
        "id={id}",
        "email=jane@example.com",
        "email=jane%40example.com",
        "email=JANE@example.com",
        "externalId=ext/7",
        "externalId=ext%2F7",
        "phone=+1%20555%200100",
        "phone=%2B1%20555%200100",
    ],
)
def test_a_customer_is_found_by_what_is_known(alice, bob, charlie, path):
    data = make(alice, **JANE)
    url = f"{URL}/{path.format(id=data['id'])}"
    answer = bob.api.get(url)
    assert (answer.status_code, answer.json()) == (200, {"data": data})
    error_of(charlie.api.get(url), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "x",
        NOBODY,
        "id=x",
        f"id={NOBODY}",
        "email=x@example.com",
        "externalId=x",
        "phone=1",
        "email=%00",
        "id=%00",
    ],
)
def test_who_is_not_there_is_not_found(alice, path):
    error_of(alice.api.get(f"{URL}/{path}"), 404, "not_found")


def test_customers_are_listed_newest_first(alice, charlie):
    ids = [make(alice, name=name)["id"] for name in "abc"]
    make(charlie, name="other")
    page = alice.api.get(URL, {"page": 2, "pageSize": 2}).json()
    assert [one["id"] for one in page["data"]] == [ids[0]]
    assert page["meta"] == {"page": 2, "pageSize": 2, "total": 3, "totalPages": 2}
    assert page["links"] == {
        "self": f"{URL}?page=2&pageSize=2",
        "first": f"{URL}?page=1&pageSize=2",
        "prev": f"{URL}?page=1&pageSize=2",
        "next": None,
    }
    whole = alice.api.get(URL).json()
    assert (whole["meta"]["pageSize"], len(whole["data"])) == (25, 3)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"pageSize": 101}, "pageSize"),
        ({"pageSize": 0}, "pageSize"),
        ({"pageSize": "x"}, "pageSize"),
        ({"page": 0}, "page"),
        ({"page": "-1"}, "page"),
    ],
)
def test_a_page_has_bounds(alice, parameters, name):
    error = error_of(alice.api.get(URL, parameters), 400, "bad_request")
    assert error["source"] == {"parameter": name}
    assert alice.api.get(URL, {"pageSize": 100}).status_code == 200
    assert alice.api.get(URL, {"page": 9}).json()["data"] == []


@pytest.mark.parametrize("method", ["put", "patch"])
def test_only_what_is_sent_changes(alice, method):
    data = make(alice, **JANE)
    changes = {"company": None, "emails": [{"email": "new@example.com"}], "custom": {"a": 1}}
    answer = getattr(alice.api, method)(f"{URL}/{data['id']}", changes)
    assert answer.status_code == 200
    attributes = answer.json()["data"]["attributes"]
    assert alice.api.get(f"{URL}/{data['id']}").json() == answer.json()
    wanted = {
        **JANE,
        "company": None,
        "emails": [{"email": "new@example.com", "type": "home", "verified": False}],
        "custom": {"a": 1},
    }
    assert {name: attributes[name] for name in wanted} == wanted
    error_of(alice.api.get(f"{URL}/email=jane@example.com"), 404, "not_found")


def test_an_address_or_external_id_belongs_to_one(alice, charlie):
    make(alice, **JANE)
    for fields, pointer in (
        ({"emails": [{"email": "a@example.com"}, {"email": "JANE@example.com"}]}, "/emails"),
        ({"externalId": "ext/7"}, "/externalId"),
    ):
        other = make(alice)
        for answer in (
            alice.api.post(URL, fields),
            alice.api.patch(f"{URL}/{other['id']}", fields),
        ):
            error = error_of(answer, 409, "conflict")
            assert error["source"] == {"pointer": pointer}
    assert (
        "jane@example.com already"
        in error_of(alice.api.post(URL, {"emails": JANE["emails"]}), 409, "conflict")["message"]
    )
    assert Customer.objects.count() == 3
    make(charlie, **JANE)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": 7}, "/name"),
        ({"name": "n" * 256}, "/name"),
        ({"emails": "jane@example.com"}, "/emails"),
        ({"emails": [{"type": "home"}]}, "/emails/0/email"),
        ({"emails": [{"email": "a@b.co", "type": "moon"}]}, "/emails/0/type"),
        ({"phones": [{"phone": ""}]}, "/phones/0/phone"),
        ({"tags": "gold"}, "/tags"),
        ({"custom": []}, "/custom"),
    ],
)
def test_what_does_not_fit_is_refused(alice, fields, pointer):
    assert pointer_of(alice.api.post(URL, fields)) == pointer
    assert not Customer.objects.exists()


def test_an_address_that_is_none_is_refused(alice):
    error_of(alice.api.post(URL, {"emails": [{"email": "x@"}]}), 400, "bad_request")
    assert not Customer.objects.exists()


def test_a_customer_is_forgotten(alice, bob, charlie):
    data = make(alice, **JANE)
    url = f"{URL}/{data['id']}"
    for method in (charlie.api.patch, charlie.api.put, charlie.api.delete):
        error_of(method(url, {"name": "x"}), 404, "not_found")
    assert bob.api.patch(url, {"name": "Bob was here"}).status_code == 200
    assert bob.api.delete(url).status_code == 204
    error_of(alice.api.get(url), 404, "not_found")


def test_scopes(alice):
    data = make(alice)
    reader = api_with(alice.workspace, "read")
    assert reader.get(URL).status_code == 200
    error_of(reader.post(URL, {}), 403, "forbidden")
    for method in (reader.patch, reader.put, reader.delete):
        error_of(method(f"{URL}/{data['id']}", {}), 403, "forbidden")
    error_of(api_with(alice.workspace, "draft").get(URL), 403, "forbidden")
