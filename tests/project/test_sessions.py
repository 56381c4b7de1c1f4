"""People are signed out when they do nothing for long, and after two weeks in any case"""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from project import sessions
from project.sessions import NOTED_AFTER, SEEN, SINCE
from tests.messaging.make import make_inbox
from tests.people import Person

HOUR = 3600
PAGE = "/mail/settings/workspace"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which tests set."""
    clock = [time.time()]
    monkeypatch.setattr(sessions.time, "time", lambda: clock[0])
    return clock


@pytest.fixture
def browser(alice: Person, settings: Any, now: list[float]) -> Client:
    settings.SESSION_IDLE_HOURS = 2
    make_inbox(alice.workspace)
    browser = alice.browser
    assert is_in(browser)
    return browser


def is_in(browser: Client, path: str = PAGE, **words: Any) -> bool:
    return browser.get(path, **words).status_code == 200


def test_a_session_that_is_used_goes_on(browser: Client, now: list[float]):
    for _ in range(5):
        now[0] += 1.9 * HOUR
        assert is_in(browser)


def test_one_that_is_not_used_ends_everywhere(browser: Client, now: list[float]):
    now[0] += 2 * HOUR
    answer = browser.get(PAGE)
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next={PAGE}"
    assert not Session.objects.exists()
    assert browser.get("/api/v1/messages").status_code == 401
    assert browser.get("/admin/").status_code == 302


def test_its_cookie_is_worth_nothing_afterwards(browser: Client, now: list[float]):
    cookie = browser.cookies["sessionid"].value
    now[0] += 2 * HOUR
    assert not is_in(browser)
    browser.cookies["sessionid"] = cookie
    assert not is_in(browser)


def test_what_a_page_asks_for_by_itself_does_not_keep_it(browser: Client, now: list[float]):
    for _ in range(3):
        now[0] += 0.5 * HOUR
        assert is_in(browser, "/api/v1/messages")
        assert is_in(browser, headers={"X-Unasked": "1"})
    now[0] += 0.5 * HOUR
    assert not is_in(browser)


def test_what_is_saved_keeps_it(browser: Client, now: list[float]):
    for _ in range(3):
        now[0] += 1.5 * HOUR
        answer = browser.post("/api/v1/drafts", {"subject": "x"}, "application/json")
        assert answer.status_code == 201
    assert is_in(browser)


def test_it_ends_after_two_weeks_though_it_is_used(browser: Client, now: list[float]):
    for _ in range(14 * 24 - 1):
        now[0] += HOUR
        session = browser.session
        session[SEEN] = now[0]
        session.save()
    assert is_in(browser)
    now[0] += HOUR
    assert not is_in(browser)


def test_a_limit_of_nothing_is_none(browser: Client, now: list[float], settings: Any):
    settings.SESSION_IDLE_HOURS = 0
    now[0] += 100 * HOUR
    assert is_in(browser)


def test_it_is_noted_once_a_minute(browser: Client, now: list[float]):
    first = browser.session[SEEN]
    assert browser.session[SINCE] == first
    now[0] += NOTED_AFTER - 1
    assert is_in(browser) and browser.session[SEEN] == first
    now[0] += 1
    assert is_in(browser) and browser.session[SEEN] == first + NOTED_AFTER


def test_who_has_no_session_pays_nothing(alice: Person, django_assert_num_queries: Any):
    with django_assert_num_queries(0):
        answer = Client().get("/accounts/login")
    assert "Cookie" not in answer.get("Vary", "")


def test_what_was_written_comes_back_to_who_is_signed_out(browser: Client, now: list[float]):
    """Without scripts: a redirect would lose it."""
    now[0] += 2 * HOUR
    form = {"to": "ann@example.com", "subject": "<b>Figures</b>", "text": "Much\nthat was written"}
    answer = browser.post("/mail/compose", {**form, "action": "send"})
    page = answer.content.decode()
    assert answer.status_code == 401
    assert "You are signed out" in page and "It is not saved" in page
    assert "Much\nthat was written</textarea>" in page and "ann@example.com</textarea>" in page
    assert "&lt;b&gt;Figures&lt;/b&gt;" in page
    bare = browser.post("/mail/settings/workspace", {"name": "x"}).content.decode()
    assert "What you wrote" not in bare and 'href="/accounts/login/?next=' in bare
