"""Pages in a real browser under the real policy: no console error, no violation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.make import PASSWORD
from tests.people import Person

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage"]  # fmt: skip

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium at /usr/bin/chromium"),
]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page that fails the test when its console shows an error or a violation."""
    # Playwright runs an event loop in this thread, in which Django refuses the database.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        page = browser.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert complaints == []


def sign_in(page: Page, url: str, person: Person) -> None:
    page.goto(f"{url}/accounts/login/?next=/accounts/2fa/")
    page.fill("[name=login]", person.user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/accounts/2fa/")


def test_the_front_page(page: Page, live_server: Any) -> None:
    page.goto(live_server.url)
    assert page.inner_text("h1") == "The file is the letter"
    page.click("text=Read the API")
    page.wait_for_selector(".swagger-ui .info .title")


def test_the_docs_show_the_operations(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/api/v1/docs")
    page.wait_for_selector(".opblock")
    page.click(".opblock-summary >> nth=0")
    page.wait_for_selector(".opblock-description")


def test_signing_in_and_looking_at_security(page: Page, live_server: Any, alice: Person) -> None:
    sign_in(page, live_server.url, alice)
    for path in ("2fa/totp/activate/", "password/change/", "email/", "logout/"):
        page.goto(f"{live_server.url}/accounts/{path}")
        assert page.inner_text("h1")


@pytest.mark.urls("tests.project.api.sample")
def test_the_browsable_api(page: Page, live_server: Any, alice: Person) -> None:
    sign_in(page, live_server.url, alice)
    page.goto(f"{live_server.url}/api/v1/domains")
    assert "HTTP 200 OK" in page.inner_text(".response-info")
    page.fill("textarea[name=_content]", '{"name": "browser.test"}')
    page.click("text=POST >> nth=-1")
    page.wait_for_selector("text=HTTP 201 Created")
