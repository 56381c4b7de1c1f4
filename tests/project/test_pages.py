"""The front page, health, sign-in pages and error pages."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from project.contracts.doors import DOORS, Door
from tests.make import PASSWORD, make_user
from tests.messaging.make import letter_to, make_inbox, make_message
from tests.people import Person
from tests.services.clamav import ClamAV


def test_the_front_page_says_what_this_is(db: None) -> None:
    answer = Client().get("/")
    assert answer.status_code == 200
    for link in ("/accounts/login/", "/api/v1/docs", "/api/v1/schema"):
        assert f'href="{link}"' in answer.text


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_the_front_page_leads_to_every_door(db: None, door: Door) -> None:
    page = Client().get("/").text
    assert f'href="/api/v1/docs/{door.name}"' in page
    assert door.title in page
    assert escape(door.example) in page
    assert door.title in Client().get(f"/api/v1/docs/{door.name}").text
    assert door.example in (settings.BASE_DIR / "README.md").read_text()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_door_is_described(db: None, door: Door) -> None:
    answer = Client().get(f"/api/v1/schema/{door.name}", headers={"Accept": "application/json"})
    described = json.loads(answer.content)
    assert described["info"]["title"] == door.title
    assert described["info"]["description"] == door.introduction
    assert len(described["paths"]) >= 3
    assert "ErrorFacts" not in described["components"].get("schemas", {}), (
        "the native door's errors"
    )
    assert not [path for path in described["paths"] if path.startswith("/api/v1")]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                assert operation.get("summary") or operation.get("description"), (method, path)
                assert any(status >= "400" for status in operation["responses"]), (method, path)


def test_the_front_page_takes_people_to_the_tray(alice: Person) -> None:
    answer = alice.browser.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/mail/")


def test_it_lives() -> None:
    answer = Client().get("/livez")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_it_is_ready(db: None) -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["ready"] is True
    assert set(answer.json()["checks"]) == {
        *("database", "storage", "disk", "cache"),
        *("broker", "queue"),  # and of no scanner that it is well, where there is none
    }


OTHERS = ("storage", "disk", "cache", "broker", "queue")


def test_it_is_not_ready_without_its_database(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OperationalError("password=secret")

    monkeypatch.setitem(__import__("project.health").health.NEEDED, "database", fail)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "sending": "unknown",
        "checks": {"database": "failed", **dict.fromkeys(OTHERS, "ok")},
    }


def test_it_tells_of_work_that_nobody_does_without_being_taken_away(alice: Person) -> None:
    message = make_message(make_inbox(alice.workspace), letter_to("ann@example.com"))
    assert Client().get("/readyz?all=true").status_code == 200
    message.deliveries.update(due_at=timezone.now() - timedelta(hours=1))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["queue"]) == (200, "failed")
    assert Client().get("/readyz?all=true").status_code == 503


def test_it_tells_of_a_scanner_that_is_not_there(db: None, scanning: ClamAV) -> None:
    assert Client().get("/readyz").json()["checks"]["scanner"] == "ok"
    scanning.stop()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["scanner"]) == (200, "failed")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/"])
def test_health_and_home_only_answer_reading(db: None, path: str) -> None:
    assert Client().post(path).status_code == 405


def test_people_sign_in_by_address_and_password(db: None) -> None:
    user = make_user(email="ann@acme.test")
    client = Client()
    form = {"login": "Ann@acme.test", "password": PASSWORD}
    assert client.post("/accounts/login/", form)["Location"] == "/"
    assert client.session["_auth_user_id"] == str(user.pk)


def test_nobody_signs_up_by_themselves(db: None) -> None:
    form = {"email": "x@acme.test", "password1": PASSWORD, "password2": PASSWORD}
    answer = Client().post("/accounts/signup/", form)
    assert "closed" in answer.text.lower()


PAGES = [
    "/", "/accounts/login/", "/accounts/logout/", "/accounts/password/change/",
    "/accounts/password/reset/", "/accounts/email/", "/accounts/2fa/",
    "/accounts/2fa/totp/activate/", "/accounts/reauthenticate/", "/accounts/signup/",
    "/api/v1/docs", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_script_or_style(alice: Person, path: str) -> None:
    for client in (Client(), alice.browser):
        page = client.get(path, follow=path != "/")
        policy = page.get("Content-Security-Policy", "")
        at_desk = page.request["PATH_INFO"].startswith("/mail/")
        looks = " style-src-attr 'unsafe-inline'" if at_desk else ""  # of what people write
        assert "default-src 'none'" in policy and "unsafe" not in policy.replace(looks, "")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page.text)
        for script in re.findall(r"<script[^>]*>", page.text):
            assert re.search(r'src=|type="application/json"|type="importmap" nonce=', script)


def test_a_failed_form_check_has_a_page(db: None) -> None:
    answer: Any = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403 and "Please try again" in answer.text


def test_it_writes_to_who_forgot_their_password(alice: Person) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": alice.user.email})
    assert answer.status_code == 302
    letter = mail.outbox[0]
    assert letter.to == [alice.user.email]
    assert "/accounts/password/reset/key/" in letter.body
