from __future__ import annotations

import pytest

from messaging.models import Customer, Inbox, Message
from project.ids import spell
from tests.make import api_with
from tests.messaging.api.reach import V1, error_of, listed, url, url_of
from tests.messaging.make import make_message
from tests.people import Person

URL = f"{V1}/customers"
ANN = {"name": "Ann Lee", "email": "ann@example.com", "metadata": {"plan": "gold"}}


def test_it_makes_changes_and_forgets_a_contact(alice: Person, bob: Person):
    made = alice.api.post(URL, {**ANN, "email": "Ann@Example.com"})
    assert made.status_code == 201
    customer = made.json()
    assert customer.items() >= ANN.items() and customer["id"].startswith("cus_")
    one = f"{URL}/{customer['id']}"
    assert bob.api.get(one).json() == customer
    changed = bob.api.patch(one, {"email": ""}).json()
    assert changed["email"] is None and changed["name"] == "Ann Lee"
    assert changed["updated_at"] > customer["updated_at"]
    assert alice.api.delete(one).status_code == 204
    assert error_of(alice.api.get(one), 404)


def test_messages_outlive_their_customer(alice: Person, inbox: Inbox):
    customer = Customer.objects.create(workspace=alice.workspace, name="Ann")
    message = make_message(inbox)
    Message.objects.filter(pk=message.pk).update(customer=customer)
    assert alice.api.delete(url("cus", customer.pk)).status_code == 204
    assert alice.api.get(url_of(message)).json()["customer_id"] is None


def test_it_finds_by_address_and_by_any_part(alice: Person):
    for name in ("Ann", "Bo"):
        alice.api.post(URL, {"name": name, "email": f"{name.lower()}@example.com"})
    names = [row["name"] for row in listed(alice.api.get(URL))]
    assert names == ["Bo", "Ann"]
    assert [one["name"] for one in listed(alice.api.get(f"{URL}?email=Ann@example.com"))] == ["Ann"]
    assert [one["name"] for one in listed(alice.api.get(f"{URL}?search=bo"))] == ["Bo"]
    assert len(listed(alice.api.get(f"{URL}?search=EXAMPLE&limit=1"))) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"email": "ann@example.com"}, 409, "email"),
        ({"email": "nonsense"}, 400, "email"),
        ({"name": "a\nb"}, 400, "name"),
        ({"name": "x" * 256}, 400, "name"),
        ({"phone": "1"}, 400, "phone"),
        ({"metadata": "x"}, 400, "metadata"),
    ],
)
def test_it_refuses(alice: Person, body: dict, status: int, field: str):
    alice.api.post(URL, ANN)
    other = alice.api.post(URL, {"name": "Other"}).json()["id"]
    assert error_of(alice.api.post(URL, body), status)["field"] == field
    assert error_of(alice.api.patch(f"{URL}/{other}", body), status)["field"] == field


def test_a_stranger_has_customers_of_his_own(alice: Person, charlie: Person):
    id = alice.api.post(URL, ANN).json()["id"]
    assert charlie.api.post(URL, ANN).status_code == 201
    assert len(listed(charlie.api.get(URL))) == 1
    for call in (charlie.api.get, charlie.api.patch, charlie.api.delete):
        assert error_of(call(f"{URL}/{id}"), 404)
    assert error_of(api_with(alice.workspace, "read").post(URL, ANN), 403)
    assert spell("cus", Customer.objects.get(workspace=alice.workspace).pk) == id
