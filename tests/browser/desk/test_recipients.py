"""To, Cc and Bcc in a browser; numbers are those of the behaviours of the desk."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, axe
from tests.services.servers import wait_until


class Field:
    """One line of recipients."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.root = page.locator(f"recipient-field[name={name}]")
        self.input = self.root.get_by_role("combobox")
        self.people = self.root.locator("[role=option]")
        self.chips = self.root.locator(".recipient .who")

    def shows(self, *names: str) -> None:
        expect(self.chips).to_have_text(list(names))

    def paste(self, text: str) -> None:
        self.input.focus()
        self.page.evaluate(
            """(text) => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text/plain", text);
                const event = {clipboardData, bubbles: true, cancelable: true};
                document.activeElement.dispatchEvent(new ClipboardEvent("paste", event));
            }""",
            text,
        )


@pytest.fixture
def to(page: Page, desk: Desk) -> Field:
    """The first line of a new mail, with the caret in it."""
    page.goto(f"{desk.url}/mail/compose")
    field = Field(page, "to")
    field.input.focus()
    return field


def saved(desk: Desk, name: str, *emails: str) -> dict[str, Any]:
    """The only draft, once the server has these people in one of its lines."""

    def has_them() -> dict[str, Any] | None:
        drafts = desk.drafts()
        there = [one["email"] for one in drafts[0][name]] if drafts else []
        return drafts[0] if there == list(emails) else None

    return wait_until(has_them, what=f"{name}: {emails}", pause=0.05)


def test_enter_tab_comma_and_semicolon_end_an_address(page: Page, desk: Desk, to: Field) -> None:
    """40"""
    page.keyboard.type("Ann Lee <ann@x.test>")
    page.keyboard.press("Enter")
    page.keyboard.type("bob@x.test,cleo@x.test;dora@x.test")
    page.keyboard.press("Tab")
    to.shows("Ann Lee", "bob@x.test", "cleo@x.test", "dora@x.test")
    draft = saved(desk, "to", "ann@x.test", "bob@x.test", "cleo@x.test", "dora@x.test")
    assert draft["to"][0]["name"] == "Ann Lee"
    expect(to.chips.first).to_have_attribute("title", "ann@x.test")


def test_a_comma_in_quotes_belongs_to_a_name(page: Page, to: Field) -> None:
    """40"""
    page.keyboard.type('"Lee, Ann" <ann@x.test>,')
    to.shows("Lee, Ann")


def test_a_long_list_is_pasted_without_those_who_are_there(
    page: Page, desk: Desk, to: Field
) -> None:
    """40: duplicates are dropped over all three lines, and what is no address stays."""
    to.paste("ann@x.test")
    page.get_by_role("button", name="Cc", exact=True).click()
    cc = Field(page, "cc")
    cc.paste('Bob <bob@x.test>; ANN@x.test\n"Cleo, C." <cleo@x.test>\tnobody')
    cc.shows("Bob", "Cleo, C.", "nobody")
    expect(page.locator(".toast")).to_contain_text("One was there already.")
    expect(cc.root.locator(".problem")).to_have_text("nobody: There is no @ in it.")
    saved(desk, "cc", "bob@x.test", "cleo@x.test")


def test_what_is_wrong_survives_a_reload_and_is_mended(page: Page, desk: Desk, to: Field) -> None:
    """41"""
    page.keyboard.type("nobody,ann@x.test,")
    saved(desk, "to", "ann@x.test")
    page.wait_for_url(re.compile("/mail/drafts/drf_"))
    page.reload()
    to.shows("ann@x.test", "nobody")
    told = page.evaluate("document.querySelector('recipient-field').invalid")
    assert told == [{"text": "nobody", "reason": "There is no @ in it."}]
    axe(page, within="recipient-field")
    to.chips.nth(1).dblclick()
    expect(to.input).to_have_value("nobody")
    page.keyboard.type("@x.test,")
    to.shows("ann@x.test", "nobody@x.test")
    saved(desk, "to", "ann@x.test", "nobody@x.test")


def test_backspace_selects_and_a_second_deletes(page: Page, desk: Desk, to: Field) -> None:
    """41, 50"""
    page.keyboard.type("ann@x.test,bob@x.test,cleo@x.test,")
    page.keyboard.press("Backspace")
    expect(to.chips.nth(2)).to_be_focused()
    page.keyboard.press("Backspace")
    to.shows("ann@x.test", "bob@x.test")
    expect(to.chips.nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Delete")
    to.shows("bob@x.test")
    expect(to.chips.first).to_be_focused()
    to.root.get_by_role("button", name="Remove bob@x.test", include_hidden=True).click()
    expect(to.input).to_be_focused()
    expect(to.chips).to_have_count(0)


def test_enter_makes_text_of_a_chip_again(page: Page, to: Field) -> None:
    """41"""
    page.keyboard.type("Ann Lee <ann@x.test>,")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(to.input).to_have_value("Ann Lee <ann@x.test>")
    expect(to.input).to_be_focused()


def test_people_are_moved_by_keyboard_by_menu_and_by_dragging(
    page: Page, desk: Desk, to: Field
) -> None:
    """41"""
    page.keyboard.type("ann@x.test,bob@x.test,cleo@x.test,")
    cc, bcc = Field(page, "cc"), Field(page, "bcc")
    expect(cc.root).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Alt+Shift+ArrowDown")
    cc.shows("cleo@x.test")
    expect(cc.chips.first).to_be_focused()
    to.chips.nth(1).click()
    page.get_by_role("button", name="Move to Bcc").click()
    bcc.shows("bob@x.test")
    bcc.root.locator(".recipient").drag_to(cc.input)
    cc.shows("cleo@x.test", "bob@x.test")
    saved(desk, "cc", "cleo@x.test", "bob@x.test")
    saved(desk, "to", "ann@x.test")


def test_the_menu_gives_the_focus_back(page: Page, to: Field) -> None:
    """51"""
    page.keyboard.type("ann@x.test,")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_be_focused()
    axe(page)
    page.keyboard.press("Escape")
    expect(to.chips.first).to_be_focused()


def test_people_are_completed_by_keyboard_alone(page: Page, desk: Desk, to: Field) -> None:
    """42"""
    desk.receive_from("Ann Lee <ann.lee@example.com>")
    desk.receive_from("Joanna Berg <jo@example.com>")
    page.keyboard.type("ann")
    options = to.people
    expect(options).to_have_count(2)
    expect(options.first).to_contain_text("Ann Lee")
    assert to.input.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    axe(page)
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    to.shows("Joanna Berg")
    page.keyboard.type("ann")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(to.input).to_have_value("ann")


def test_an_address_that_is_whole_is_not_taken_for_another(
    page: Page, desk: Desk, to: Field
) -> None:
    """42"""
    desk.receive_from("Ann <ann@x.community>")
    page.keyboard.type("ann@x.com")
    expect(to.people).to_have_count(1)
    page.keyboard.press("Enter")
    to.shows("ann@x.com")


def test_late_answers_do_not_replace_newer_ones(page: Page, desk: Desk, to: Field) -> None:
    """42"""
    desk.receive_from("Ann <ann@x.test>")
    desk.receive_from("Andrea <andrea@x.test>")
    held: list[Any] = []
    page.route(re.compile(r"search=an&"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"search=an&")):
        page.keyboard.type("an")
    page.keyboard.type("d")
    expect(to.people).to_have_count(1)
    for route in held:
        route.abort()
    expect(to.people).to_have_text(re.compile("Andrea"))


def test_what_somebody_else_changes_is_shown_and_what_is_unfinished_stays(
    page: Page, desk: Desk, to: Field
) -> None:
    page.keyboard.type("nobody,ann@x.test,")
    draft = saved(desk, "to", "ann@x.test")
    both = ["ann@x.test", "Bob <bob@x.test>"]
    desk.api("PATCH", f"/drafts/{draft['id']}", json={"to": both, "version": draft["version"]})
    page.evaluate("document.querySelector('mail-composer').draft.reload()")
    to.shows("ann@x.test", "Bob", "nobody")


def test_what_the_server_refuses_is_marked_and_the_others_are_saved(
    page: Page, desk: Desk, to: Field
) -> None:
    page.context.__dict__["watched"].expected.append("/api/v1/drafts")
    page.evaluate("document.querySelector('recipient-field').add([{email: 'a b@x', name: null}])")
    page.keyboard.type("ann@x.test,")
    saved(desk, "to", "ann@x.test")
    expect(to.root.locator(".problem")).to_contain_text("a b@x: Not a mail address")


def test_a_thousand_are_pasted_at_once(page: Page, desk: Desk, to: Field) -> None:
    """40: and one of them is taken out without a wait."""
    row = ", ".join(f'"Person, {n}" <p{n}@x.test>' for n in range(1000))
    before = page.evaluate("performance.now()")
    to.paste(row)
    expect(to.chips).to_have_count(1000)
    pasted = page.evaluate("performance.now()") - before
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    expect(to.chips).to_have_count(999)
    assert pasted < 3000, "milliseconds, on a busy machine; alone it is a tenth of that"


@pytest.mark.parametrize("width", [320, 390])
def test_a_narrow_window_is_not_scrolled_sideways(page: Page, to: Field, width: int) -> None:
    """51"""
    page.set_viewport_size({"width": width, "height": 700})
    to.paste(f"{'long.' * 12}name@{'long-name.' * 9}example.com, ann@x.test, nobody")
    expect(to.chips).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
