"""The frame of the desk: how pages follow each other, and how it holds up in odd windows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, axe

PAGES = ("inbox", "starred", "drafts", "scheduled", "waiting", "sent", "archive", "trash")
WEIGHT = 100_000  # bytes of the first page over the wire


@pytest.fixture
def inbox(page: Page, desk: Desk) -> Page:
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    ready(page)
    return page


def ready(page: Page) -> None:
    """Once all modules have come, so that every element of ours is what it is to be."""
    page.evaluate("import('desk')")
    page.wait_for_function("() => !document.querySelector(':not(:defined, uploads-bar)')")


def place(page: Page, name: str) -> Any:
    return page.locator(f"#sidebar a[data-place={name}]")


def test_pages_are_swapped_with_their_title_focus_and_sidebar(inbox: Page) -> None:
    inbox.evaluate("window.stays = true")
    place(inbox, "sent").click()
    inbox.wait_for_url(re.compile("/sent$"))
    expect(inbox.locator("#main")).to_be_focused()
    expect(inbox.locator("#live")).to_have_text("Sent")
    expect(place(inbox, "sent")).to_have_attribute("aria-current", "page")
    expect(inbox).to_have_title("Sent · Enclose")
    assert inbox.evaluate("window.stays"), "the document was loaded anew"


def test_going_back_comes_to_where_one_was(page: Page, desk: Desk) -> None:
    desk.receive_all(*(f"Figures {number}" for number in range(30)))
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    ready(page)
    link = page.get_by_role("link", name=re.compile("Figures 12"))
    path = link.get_attribute("href")
    link.scroll_into_view_if_needed()
    page.evaluate("window.stays = true; window.place = scrollY")
    link.click()
    page.wait_for_url(re.compile("/mail/threads/"))
    expect(page.locator("#main")).to_be_focused()
    page.go_back()
    expect(page.locator(f"#main a[href='{path}']")).to_be_focused()
    assert page.evaluate("window.stays && scrollY > 300 && scrollY === window.place")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Figures 12"))


def test_a_page_that_is_not_there_is_shown_whole(
    inbox: Page, expect_trouble: Any, desk: Desk
) -> None:
    expect_trouble("/mail/threads/thr_nothing")
    inbox.evaluate("""() => {
        document.querySelector("#main").innerHTML = '<a href="/mail/threads/thr_nothing">x</a>';
        htmx.process(document.querySelector("#main"));
    }""")
    inbox.click("#main a")
    expect(inbox.get_by_role("heading", level=1)).to_have_text("Nothing here")
    expect(inbox.locator("#sidebar")).to_have_count(0)


def test_a_session_that_is_over_leads_to_signing_in_and_back(inbox: Page, desk: Desk) -> None:
    inbox.context.clear_cookies(name="sessionid")
    place(inbox, "drafts").click()
    inbox.wait_for_url(re.compile(r"/accounts/login/\?next=/mail/inb_\w+/drafts"))
    desk.sign_in(inbox.context)
    inbox.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    ready(inbox)
    place(inbox, "sent").click()
    inbox.wait_for_url(re.compile("/sent$"))
    inbox.context.clear_cookies(name="sessionid")
    inbox.go_back()
    inbox.wait_for_url(re.compile(r"/accounts/login/"))


def test_a_refused_form_says_so_and_loses_nothing(inbox: Page, expect_trouble: Any) -> None:
    expect_trouble("403")
    expect_trouble("/mail/workspace")
    inbox.evaluate("""() => {
        document.querySelector("#main").innerHTML =
            '<form method="post" action="/mail/workspace"><input name="words"><button>Go</button>';
        htmx.process(document.querySelector("#main"));
    }""")
    inbox.fill("[name=words]", "much that was written")
    inbox.click("#main button")
    expect(inbox.locator(".toast")).to_contain_text("That did not work")
    expect(inbox.locator("[name=words]")).to_have_value("much that was written")


def test_a_form_is_sent_once_however_often_it_is_pressed(inbox: Page, desk: Desk) -> None:
    held: list[Any] = []
    inbox.route("**/mail/undo", lambda route: held.append(route))
    inbox.evaluate("""() => {
        document.querySelector("#main").innerHTML =
            '<form method="post" action="/mail/undo"><button>Once</button></form>';
        htmx.process(document.querySelector("#main"));
    }""")
    button = inbox.get_by_role("button", name="Once")
    with inbox.expect_request("**/mail/undo"):
        button.click()
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(inbox.locator("#view")).to_have_attribute("aria-busy", "true")
    button.click(force=True)
    button.press("Enter")
    place(inbox, "sent").click()
    inbox.wait_for_url(re.compile("/sent$"))
    assert len(held) == 1
    held[0].fulfill(status=204)


def test_who_goes_on_is_not_brought_back_by_a_slow_page(inbox: Page) -> None:
    held: list[Any] = []
    inbox.route("**/drafts", lambda route: held.append(route))
    with inbox.expect_request("**/drafts"):
        place(inbox, "drafts").click()
    place(inbox, "sent").click()
    inbox.wait_for_url(re.compile("/sent$"))
    expect(inbox.locator("#view")).not_to_have_attribute("aria-busy", "true")
    expect(inbox.get_by_role("heading", level=1)).to_have_text("Sent")


def test_the_menu_of_a_phone_opens_traps_nobody_and_closes(page: Page, desk: Desk) -> None:
    """51"""
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    ready(page)
    menu = page.get_by_role("button", name="Menu")
    expect(place(page, "sent")).to_be_hidden()
    menu.press("Enter")
    expect(place(page, "sent")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    expect(place(page, "sent")).to_be_hidden()
    expect(menu).to_be_focused()
    menu.click()
    place(page, "sent").click()
    page.wait_for_url(re.compile("/sent$"))
    expect(place(page, "sent")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_can_be_used_by_everybody(page: Page, desk: Desk, scheme: Any) -> None:
    """51"""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    ready(page)
    axe(page)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_scrolled_sideways(page: Page, desk: Desk, width: int) -> None:
    """51: 320 pixels are a window of 1280 that is magnified four times."""
    desk.receive_from(f"{'Long' * 30} <ann@example.com>", subject="Subject" * 30, text="x" * 300)
    page.set_viewport_size({"width": width, "height": 256 if width == 320 else 800})
    paths = [*(f"{desk.inbox}/{name}" for name in PAGES), "all/inbox", "compose",
             "outbox", "files", "settings"]  # fmt: skip
    for path in paths:
        page.goto(f"{desk.url}/mail/{path}")
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_it_stands_on_the_other_side_where_people_read_from_right_to_left(inbox: Page) -> None:
    """51"""
    inbox.evaluate("document.documentElement.dir = 'rtl'")
    box, whole = inbox.locator("#sidebar").bounding_box(), inbox.viewport_size
    assert box and whole and box["x"] > whole["width"] / 2
    assert inbox.evaluate("document.documentElement.scrollWidth") <= whole["width"]


def test_the_place_is_marked_where_colours_are_forced(inbox: Page) -> None:
    """51"""
    inbox.emulate_media(forced_colors="active")
    style = "getComputedStyle(document.querySelector('#sidebar [aria-current=page]')).outlineStyle"
    assert inbox.evaluate(style) == "solid"


def test_on_paper_there_is_the_letter_alone(page: Page, desk: Desk) -> None:
    message = desk.receive_from(text="What is to be printed.\n")
    page.goto(f"{desk.url}/mail/threads/{message['thread_id']}")
    ready(page)
    page.emulate_media(media="print")
    for left_out in ("#bar", "#sidebar", "#main button"):
        expect(page.locator(left_out).first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.first_visit
def test_the_first_page_weighs_little(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("""() => [...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource")].map((one) => [one.name, one.transferSize])""")
    assert WEIGHT / 3 < sum(size for _, size in sizes) < WEIGHT, sizes


def test_the_frame_does_not_jump(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/mail/{desk.inbox}/inbox")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.__shifts.reduce((sum, one) => sum + one, 0)") < 0.05
