"""Who gets in, and with what."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from project.tenancy.models import ApiKey
from project.tenancy.services import revoke_key
from tests.make import api_of, api_with, make_key, make_member, make_user, make_workspace
from tests.people import Person

pytestmark = pytest.mark.urls("tests.project.api.sample")

PATH = "/api/v1/domains"


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer {}"}, {"Authorization": "bearer  {}"}, {"x-api-key": "{}"}],
)
def test_it_takes_a_key_in_either_header(alice: Person, headers: dict[str, str]) -> None:
    spelt = {name: value.format(alice.key) for name, value in headers.items()}
    assert Client().get(PATH, headers=spelt).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}])
def test_it_asks_for_a_key(db: None, headers: dict[str, str]) -> None:
    answer = Client().get(PATH, headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["error"]["code"] == "unauthenticated"


@pytest.mark.parametrize("key", ["", "no such key", "ünïcode"])
def test_it_refuses_an_unknown_key(db: None, key: str) -> None:
    answer = api_of(key.encode().decode("latin-1")).get(PATH)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unknown_key"


def test_it_refuses_a_revoked_key_at_once(alice: Person) -> None:
    assert alice.api.get(PATH).status_code == 200
    revoke_key(key=alice.api_key)
    answer = alice.api.get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "revoked_key")


def test_it_refuses_an_expired_key(alice: Person) -> None:
    _, secret = make_key(alice.workspace, expires_at=timezone.now() - timedelta(seconds=1))
    answer = api_of(secret).get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "expired_key")


def test_it_writes_the_last_use_at_most_once_a_minute(
    alice: Person, django_assert_num_queries
) -> None:
    key, secret = make_key(alice.workspace, used=False)
    with django_assert_num_queries(3):  # key, its last use, list
        api_of(secret).get(PATH)
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    with django_assert_num_queries(2):
        api_of(secret).get(PATH)
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=timezone.now() - timedelta(seconds=61))
    api_of(secret).get(PATH)
    assert ApiKey.objects.get(pk=key.pk).last_used_at > first


def test_it_names_the_missing_scope(alice: Person) -> None:
    answer = api_with(alice.workspace, "read", "draft").post(PATH, {"name": "a.test"})
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (error["code"], error["details"]) == ("missing_scope", {"scope": "admin"})
    assert "admin" in error["message"]


def test_it_needs_read_for_reading(alice: Person) -> None:
    assert api_with(alice.workspace, "send").get(PATH).status_code == 403


def test_it_does_not_guess_the_scope_of_a_write(alice: Person) -> None:
    alice.api.raise_request_exception = False
    client = api_of(alice.key)
    client.raise_request_exception = False
    assert client.post("/api/v1/careless").status_code == 500


def test_it_says_405_of_a_method_that_is_not_there(alice: Person) -> None:
    answer = alice.api.delete(PATH)
    assert answer.status_code == 405
    assert set(answer["Allow"].split(", ")) >= {"GET", "POST"}
    assert answer.json()["error"]["code"] == "method_not_allowed"


def test_it_lets_people_in_by_session(alice: Person) -> None:
    assert alice.browser.get(PATH).status_code == 200


def test_it_wants_the_csrf_token_of_a_session(alice: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    body = {"name": "a.test"}
    answer = client.post(PATH, body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_failed")
    client.get("/accounts/login/")
    client.cookies["csrftoken"] = "a" * 32
    answer = client.post(
        PATH, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert answer.status_code == 201


def test_it_leaves_a_form_for_the_parser_when_it_checks_csrf(alice: Person) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice.user)
    client.cookies["csrftoken"] = "a" * 32
    from django.core.files.uploadedfile import SimpleUploadedFile

    form = {"file": SimpleUploadedFile("a.txt", b"hello")}
    answer = client.post(
        "/api/v1/files", form, format="multipart", headers={"X-CSRFToken": "a" * 32}
    )
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 201), ("operator", 201), ("member", 403), ("auditor", 403)]
)
def test_it_gives_people_the_scopes_of_their_role(alice: Person, role: str, status: int) -> None:
    client = APIClient()
    client.force_login(make_member(workspace=alice.workspace, role=role))
    assert client.post(PATH, {"name": "a.test"}).status_code == status


def test_it_lets_an_auditor_read_only(alice: Person) -> None:
    client = APIClient()
    client.force_login(make_member(workspace=alice.workspace, role="auditor"))
    assert client.get(PATH).status_code == 200
    assert client.post("/api/v1/letters", {}).status_code == 403


def test_it_has_nothing_for_a_person_without_workspace(db: None) -> None:
    client = APIClient()
    client.force_login(make_user())
    answer = client.get(PATH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_workspace")


def test_it_uses_the_workspace_in_the_session(alice: Person) -> None:
    second = make_workspace()
    make_member(workspace=second, user=alice.user, role="owner")
    browser = alice.browser
    second.domains.create(name="second.test")
    assert browser.get(PATH).json()["data"] == []
    session = browser.session
    session["workspace_id"] = second.id.hex
    session.save()
    assert [row["name"] for row in browser.get(PATH).json()["data"]] == ["second.test"]


def test_it_ignores_a_workspace_in_the_session_that_is_not_theirs(
    alice: Person, charlie: Person
) -> None:
    charlie.workspace.domains.create(name="secret.test")
    browser = alice.browser
    session = browser.session
    session["workspace_id"] = charlie.workspace.id.hex
    session.save()
    assert browser.get(PATH).json()["data"] == []


def test_it_keeps_workspaces_apart(alice: Person, bob: Person, charlie: Person) -> None:
    made = alice.api.post(PATH, {"name": "acme.example"}).json()
    assert bob.api.get(f"{PATH}/{made['id']}").status_code == 200
    assert charlie.api.get(f"{PATH}/{made['id']}").status_code == 404
    assert charlie.api.get(PATH).json()["data"] == []


def test_a_browser_sees_forms_only_for_what_its_person_may_do(alice: Person) -> None:
    client = Client()
    client.force_login(make_member(workspace=alice.workspace, role="auditor"))
    for browser, sees in ((alice.browser, True), (client, False)):
        page = browser.get(PATH, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert ('data-method="POST"' in page.text) is sees
