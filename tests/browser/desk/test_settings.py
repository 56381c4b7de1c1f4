"""The settings in a browser: by keyboard, on a phone, in light and dark, and what scripts add."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk.ground import Desk, axe
from tests.make import PASSWORD

PAGES = ["inboxes", "inboxes/new", "keys", "keys/new", "webhooks", "webhooks/new", "members",
         "workspace", "you"]  # fmt: skip
#: what reaches beyond the window, by how its HTML begins
WIDER = """(width) => document.documentElement.scrollWidth <= width ? [] :
  [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > width)
    .map((one) => one.outerHTML.slice(0, 100))"""


def go(page: Page, desk: Desk, path: str) -> None:
    page.goto(f"{desk.url}/mail/settings/{path}")


@pytest.mark.parametrize(
    ("path", "scheme"),
    [("members", "light"), ("keys", "dark"), ("webhooks/new", "dark"), ("workspace", "light")],
)
def test_everybody_can_use_it(page: Page, desk: Desk, path: str, scheme: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    go(page, desk, path)
    axe(page)


@pytest.mark.parametrize("width", [390, 320])
def test_no_page_is_wider_than_the_window(page: Page, desk: Desk, width: int) -> None:
    """51: 320 px is a window of 1280 at 400 %."""
    page.set_viewport_size({"width": width, "height": 800})
    for path in (*PAGES, f"inboxes/{desk.inbox}", f"inboxes/{desk.inbox}/relay"):
        go(page, desk, path)
        wide = page.evaluate(WIDER, width)
        assert not wide, f"{path}: {wide}"


def test_a_key_is_made_by_keyboard_alone_and_copied(page: Page, desk: Desk) -> None:
    """52: from the list to the copied secret, without a pointer."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    go(page, desk, "keys")
    page.get_by_role("link", name="New key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New key", level=1)).to_be_visible()
    page.get_by_label("Name").focus()
    page.keyboard.type("web shop")
    page.keyboard.press("Enter")
    secret = page.get_by_label("Secret of web shop").input_value()
    page.get_by_role("button", name="Copy the secret").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.reload()
    assert secret not in page.content()


def test_a_refused_form_has_the_focus_where_it_is_wrong(
    page: Page, desk: Desk, expect_trouble: Callable[[str], None]
) -> None:
    expect_trouble("422 ")
    go(page, desk, "keys/new")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_accessible_description(
        re.compile("This field is required")
    )


def test_a_test_message_tells_by_itself_what_became_of_it(page: Page, desk: Desk) -> None:
    go(page, desk, f"inboxes/{desk.inbox}")
    page.get_by_role("button", name="Send a test message").click()
    expect(page.locator("#outcome")).to_contain_text("their server took it")
    expect(page.locator("#outcome [hx-trigger]")).to_have_count(0)


def test_the_servers_fields_are_there_only_for_a_server_of_its_own(page: Page, desk: Desk) -> None:
    go(page, desk, f"inboxes/{desk.inbox}/relay")
    expect(page.get_by_label("Server", exact=True)).to_be_hidden()
    page.get_by_label("Through a mail server of its own").check()
    expect(page.get_by_label("Server", exact=True)).to_be_visible()


def test_somebody_is_invited_and_joins(page: Page, desk: Desk, chromium: Browser) -> None:
    go(page, desk, "members")
    page.get_by_label("Mail address").fill(f"dora.{desk.workspace}@example.com")
    page.get_by_role("button", name="Invite").click()
    link = page.get_by_label(re.compile("^Link for dora")).input_value()
    theirs = chromium.new_context()
    tab = theirs.new_page()
    tab.goto(link)
    axe(tab)
    tab.get_by_label("Your name").fill("Dora")
    tab.get_by_label("A password").fill(PASSWORD)
    tab.get_by_role("button", name="Join").click()
    tab.wait_for_url(re.compile("/mail/inb_"))
    expect(tab.locator("#main")).to_contain_text("Welcome to Acme")
    theirs.close()
    page.reload()
    expect(page.locator("#main")).to_contain_text("Dora")


def test_it_works_without_scripts(chromium: Browser, desk: Desk) -> None:
    context = chromium.new_context(java_script_enabled=False)
    desk.sign_in(context)
    page = context.new_page()
    go(page, desk, "workspace")
    page.get_by_label("Undo sending, seconds").fill("20")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".messages")).to_contain_text("Saved.")
    assert desk.api("GET", "/limits")["message"]["undo_seconds"] == 20
    context.close()


def test_the_offer_goes_and_the_page_stays(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/mail/{desk.inbox}/archive")
    offer = page.get_by_role("complementary", name="An offer")
    offer.get_by_role("button", name="Not now").click()
    expect(offer).to_have_count(0)
    page.wait_for_url("**/archive")
