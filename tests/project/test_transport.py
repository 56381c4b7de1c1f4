"""Over plain HTTP people are led on, and programs are refused, so that their keys stay theirs"""

from __future__ import annotations

import json

import pytest
from django.test import Client

from project.contracts.doors import DOORS
from tests.contracts.shapes import SHAPES
from tests.people import Person

URL = "https://mail.example.com"


@pytest.fixture
def production(settings) -> None:
    settings.PUBLIC_URL = URL
    settings.ALLOWED_HOSTS = ["mail.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.fixture
def client(production: None) -> Client:
    return Client(headers={"Host": "mail.example.com"})


@pytest.mark.parametrize("path", ["/", "/mail/", "/mail/compose", "/accounts/login/", "/admin/"])
def test_a_page_leads_to_https(client: Client, path: str):
    answer = client.get(f"{path}?a=b")
    assert (answer.status_code, answer["Location"]) == (301, f"{URL}{path}?a=b")
    assert client.post(path).status_code == 403  # what was sent is not sent again by itself


@pytest.mark.parametrize("path", ["/api/v1/messages", "/metrics", "/up/att_x", "/dl/att_x.bin"])
def test_what_programs_ask_for_is_refused(client: Client, alice: Person, path: str):
    key = {"Authorization": f"Bearer {alice.key}"}
    for method in ("get", "post", "put", "head"):
        answer = getattr(client, method)(path, headers=key)
        assert answer.status_code == 403 and "Location" not in answer
    error = client.get(path, headers=key).json()["error"]
    assert error["code"] == "https_required"
    assert URL in error["message"] and "replaced" in error["message"]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_door_says_so_in_its_shape(client: Client, alice: Person, door):
    path = EXAMPLES[door.name]
    key = {"Authorization": f"Bearer {alice.key}"}
    answer = client.get(path, headers=key)
    assert answer.status_code == 403
    SHAPES[door.name](403, json.loads(answer.content), answer["X-Request-Id"])
    assert client.get(path, headers={**key, "X-Forwarded-Proto": "https"}).status_code != 403


EXAMPLES = {
    "kustomer": "/v1/customers",
    "emailapi": "/api/email/attachments",
    "agentsend": "/inboxes",
    "nylas": "/v3/grants/hello@acme.test/messages",
    "bird": "/v1/email/messages",
}


def test_over_https_all_is_as_ever(client: Client, alice: Person):
    headers = {"Authorization": f"Bearer {alice.key}", "X-Forwarded-Proto": "https"}
    assert client.get("/api/v1/messages", headers=headers).status_code == 200
    assert client.get("/", headers=headers).status_code == 200


def test_the_machines_of_the_house_see_that_it_lives(client: Client, db: None):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_without_https_of_its_own_nothing_is_asked(alice: Person):
    assert alice.api.get("/api/v1/messages").status_code == 200
