"""Pages as Chromium shows them: no console error, no violation of the policy."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.people import sign_in
from tests.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]


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


def test_the_docs_follow_the_system_into_the_dark(page: Page, live_server: Any) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{live_server.url}/api/v1/docs")
    page.wait_for_selector("html.dark-mode .opblock")
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html:not(.dark-mode) .opblock")


def test_signing_in_and_looking_at_security(page: Page, live_server: Any, alice: Person) -> None:
    sign_in(page, live_server.url, alice)
    for path in ("2fa/", "2fa/totp/activate/", "password/change/", "email/", "logout/"):
        page.goto(f"{live_server.url}/accounts/{path}")
        assert page.inner_text("h1")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_window(
    page: Page, live_server: Any, alice: Person, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, live_server.url, alice)
    for path in ("/mail/outbox", "/api/v1", "/api/v1/drafts", "/api/v1/limits", "/api/v1/docs"):
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
