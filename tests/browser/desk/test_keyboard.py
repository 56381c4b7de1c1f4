"""Keys: they work, are listed, can be turned off, and are left alone while somebody types."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, axe

LISTED = "#shortcuts dt"


@pytest.fixture
def inbox(page: Page, desk: Desk) -> Page:
    """A list with one mail in it."""
    desk.receive_from("Ann Lee <ann@example.com>", subject="Figures")
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    page.wait_for_selector("mail-list:defined")
    return page


def test_c_writes_and_g_goes_to_places(inbox: Page) -> None:
    """47"""
    for keys, place in (("gd", "drafts"), ("gs", "sent"), ("gi", "inbox")):
        for key in keys:
            inbox.keyboard.press(key)
        inbox.wait_for_url(re.compile(f"/{place}$"))
        expect(inbox.locator("#main")).to_be_focused()
    inbox.keyboard.press("c")
    inbox.wait_for_url(re.compile("/mail/compose"))


def test_a_slash_searches_and_letters_belong_to_what_is_typed(inbox: Page) -> None:
    """47"""
    inbox.keyboard.press("/")
    expect(inbox.locator("#q")).to_be_focused()
    inbox.keyboard.type("c/gd?")
    expect(inbox.locator("#q")).to_have_value("c/gd?")
    assert re.search("/inbox$", inbox.url)


def test_a_question_mark_lists_what_works_on_this_page(inbox: Page) -> None:
    """47, 51"""
    inbox.keyboard.press("?")
    dialog = inbox.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    words = inbox.locator(LISTED).all_text_contents()
    assert {"Compose", "Search", "Next conversation", "Archive", "Drafts"} <= set(words)
    assert "Send" not in words
    expect(dialog.locator("dd", has_text="then").first).to_have_text("g then i")
    axe(inbox)
    inbox.keyboard.press("c")
    inbox.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert re.search("/inbox$", inbox.url)


def test_the_composers_keys_are_listed_where_it_is(page: Page, desk: Desk) -> None:
    """47"""
    page.goto(f"{desk.url}/mail/compose")
    page.wait_for_selector("draft-sending:defined")
    page.get_by_role("button", name="Keyboard").click()
    words = page.locator(LISTED)
    for label in ("Send", "Send later", "Attach files", "Save"):
        expect(words.filter(has_text=re.compile(f"^{label}$"))).to_have_count(1)


def test_single_keys_can_be_turned_off_and_stay_off(inbox: Page, desk: Desk) -> None:
    inbox.keyboard.press("?")
    inbox.get_by_label("Keys without Ctrl or Cmd work").uncheck()
    inbox.keyboard.press("Escape")
    for _ in range(2):
        for key in ("g", "d", "j", "c", "?"):
            inbox.keyboard.press(key)
        expect(inbox.get_by_role("dialog")).to_be_hidden()
        assert re.search("/inbox$", inbox.url)
        inbox.reload()
    inbox.get_by_role("button", name="Keyboard").click()
    inbox.get_by_label("Keys without Ctrl or Cmd work").check()
    inbox.keyboard.press("Escape")
    inbox.keyboard.press("c")
    inbox.wait_for_url(re.compile("/mail/compose"))


def test_keys_of_the_browser_are_left_to_it(inbox: Page) -> None:
    taken = inbox.evaluate("""() => [
        {key: "c", ctrlKey: true}, {key: "f", ctrlKey: true}, {key: "r", metaKey: true},
        {key: "j", altKey: true}, {key: "Tab"}, {key: "ArrowDown"}, {key: " "}, {key: "F5"},
        {key: "h"}, {key: "Home"},
    ].filter((one) => !document.body.dispatchEvent(
        new KeyboardEvent("keydown", {...one, bubbles: true, cancelable: true})))""")
    assert taken == []


def test_a_conversation_is_answered_and_left_by_keys(inbox: Page) -> None:
    """47"""
    inbox.keyboard.press("j")
    inbox.keyboard.press("o")
    inbox.wait_for_url(re.compile("/mail/threads/"))
    inbox.wait_for_selector("mail-conversation:defined")
    inbox.keyboard.press("?")
    listed = set(inbox.locator(LISTED).all_text_contents())
    assert {"Reply", "Reply to all", "Forward", "Back to the list"} <= listed
    inbox.keyboard.press("Escape")
    expect(inbox.get_by_role("dialog")).to_be_hidden()
    inbox.keyboard.press("Escape")
    inbox.wait_for_url(re.compile("/inbox$"))
