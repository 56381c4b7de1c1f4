"""Reading in a browser: lists, conversations, what strangers write, their files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, axe, shifts
from tests.desk.bodies import HOSTILE
from tests.services.servers import wait_until

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73000000114944415478da63f8"
    "cfc0c0f01f8c8018001df003fdae3fe2380000000049454e44ae426082"
)


def place(desk: Desk, name: str = "inbox") -> str:
    return f"{desk.url}/mail/{desk.inbox}/{name}"


def conversation(desk: Desk, message: dict[str, Any]) -> str:
    return f"{desk.url}/mail/threads/{message['thread_id']}"


def subjects(page: Page) -> list[str]:
    return page.locator(".row .subject").all_inner_texts()


def test_a_list_goes_by_keyboard_alone(desk: Desk, page: Page) -> None:
    """47: move, select, archive, undo, open and come back."""
    for subject in ("one", "two", "three"):
        desk.receive_from(subject=subject)
    page.goto(place(desk))
    axe(page)
    page.wait_for_selector("mail-list .all:not([hidden])")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".row:has(a.line:focus) .subject")).to_have_text("two")
    page.keyboard.press("x")
    expect(page.locator(".selected")).to_have_text("1 selected")
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("1 conversation archived.")
    assert subjects(page) == ["three", "one"]
    expect(page.locator(".row:has(a.line:focus) .subject")).to_have_text("one")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.locator(".row:has(a.line:focus) .subject")).to_have_text("two")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("three")
    expect(page.locator(".mark-read")).to_have_count(0)  # the keys of this page work from here on
    page.keyboard.press("Escape")
    expect(page.locator(".row")).to_have_count(3)


def test_a_star_is_set_where_one_is(desk: Desk, page: Page) -> None:
    message = desk.receive_from()
    page.goto(place(desk))
    star = page.locator("button.star")
    page.wait_for_selector("mail-list .all:not([hidden])")
    with page.expect_response(lambda answer: answer.url.endswith("/mail/sort")):
        star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    assert desk.message(message["id"])["starred"] is True
    with page.expect_response(lambda answer: answer.url.endswith("/mail/sort")):
        star.click()
    expect(star).to_have_attribute("aria-pressed", "false")
    assert desk.message(message["id"])["starred"] is False


def test_a_search_is_typed_and_taken_back(desk: Desk, page: Page) -> None:
    for subject in ("Invoice", "Lunch"):
        desk.receive_from(subject=subject)
    page.goto(place(desk))
    page.keyboard.press("/")
    page.keyboard.type("from:ann lunch")
    expect(page.locator("#covers")).to_contain_text("not the trash")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    axe(page)
    page.get_by_role("link", name="Without: “lunch”").click()
    expect(page.locator(".row")).to_have_count(2)


def test_opening_marks_as_read(desk: Desk, page: Page) -> None:
    message = desk.receive_from()
    page.goto(place(desk))
    with page.expect_response(lambda answer: answer.url.endswith("/mail/sort")):
        page.locator("a.line").click()
    expect(page.locator(".mark-read")).to_have_count(0)
    assert desk.message(message["id"])["unread"] is False


def test_without_scripts_nothing_is_marked_by_looking(desk: Desk, chromium: Any) -> None:
    message = desk.receive_from()
    context = chromium.new_context(java_script_enabled=False)
    desk.sign_in(context)
    page = context.new_page()
    page.goto(conversation(desk, message))
    assert desk.message(message["id"])["unread"] is True
    page.get_by_role("button", name="Mark as read").click()
    assert desk.message(message["id"])["unread"] is False
    page.get_by_role("button", name="Archive").click()
    expect(page.locator(".messages")).to_contain_text("1 conversation archived.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".messages")).to_contain_text("It is back where it was.")
    context.close()


def test_what_strangers_write_does_nothing(
    desk: Desk, page: Page, expect_trouble: Callable[[str], None]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    message = desk.receive_from(html=HOSTILE)
    pages = len(page.context.pages)
    page.goto(conversation(desk, message))
    frame = page.frame_locator("iframe.frame")
    expect(frame.locator("body")).to_contain_text("Hello")
    frame.get_by_text("one").click()
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith(desk.url)] == []
    assert page.url == conversation(desk, message)
    assert len(page.context.pages) == pages
    assert frame.locator("form, script, svg, style + style, base").count() == 0


def test_no_script_runs_in_the_frame_even_if_one_got_in(
    desk: Desk, page: Page, expect_trouble: Callable[[str], None]
) -> None:
    """The sandbox stands by itself, whatever the cleaning lets through."""
    expect_trouble("Blocked script execution")
    page.goto(conversation(desk, desk.receive_from(html="<p>Hello</p>")))
    expect(page.frame_locator("iframe.frame").locator("p")).to_have_text("Hello")
    page.evaluate(
        """() => {
          const inner = document.querySelector("iframe.frame").contentDocument;
          const script = inner.createElement("script");
          script.textContent = "parent.document.body.dataset.owned = 'yes'";
          inner.body.append(script);
        }"""
    )
    assert page.evaluate("document.body.dataset.owned ?? 'no'") == "no"


def test_a_frame_is_as_high_as_its_mail_and_jumps_once(desk: Desk, page: Page) -> None:
    message = desk.receive_from(html="<p>line</p>" * 60)
    page.goto(conversation(desk, message))
    page.wait_for_selector("iframe.frame.sized")
    inner, outer = page.evaluate(
        """() => {
          const frame = document.querySelector("iframe.frame");
          const page = frame.contentDocument.documentElement;
          return [page.scrollHeight, frame.clientHeight];
        }"""
    )
    assert inner == outer > 1000
    assert shifts(page) < 0.25


def test_a_quote_unfolds_and_the_frame_grows(desk: Desk, page: Page) -> None:
    """45: quoted text is collapsed."""
    html = f"<p>Yes.</p><blockquote>{'<p>old</p>' * 30}</blockquote>"
    page.goto(conversation(desk, desk.receive_from(html=html)))
    page.wait_for_selector("iframe.frame.sized")
    height = "document.querySelector('iframe.frame').clientHeight"
    before = page.evaluate(height)
    page.frame_locator("iframe.frame").get_by_text("Quoted text").click()
    wait_until(lambda: page.evaluate(height) > before + 300, what="a frame that has grown")


def test_remote_images_wait_to_be_asked_for(desk: Desk, page: Page) -> None:
    asked: list[str] = []
    page.context.route(
        "https://pictures.example/**",
        lambda route: (asked.append(route.request.url), route.fulfill(body=PNG))[-1],
    )
    html = '<p>Look</p><img src="https://pictures.example/a.png" alt="A cat">'
    page.goto(conversation(desk, desk.receive_from(html=html)))
    expect(page.frame_locator("iframe.frame").locator("p")).to_have_text("Look")
    assert asked == []
    with page.expect_request("https://pictures.example/a.png"):
        page.get_by_role("link", name="Show them").click()
    expect(page.locator(".remote")).to_have_count(0)


def test_a_link_in_a_mail_opens_beside_it(desk: Desk, page: Page) -> None:
    page.context.route("https://a.example/**", lambda route: route.fulfill(body="there"))
    html = '<a href="https://a.example/">Go</a>'
    page.goto(conversation(desk, desk.receive_from(html=html)))
    with page.context.expect_page() as opened:
        page.frame_locator("iframe.frame").get_by_role("link", name="Go").click()
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]


def test_files_are_looked_at_one_after_the_other(desk: Desk, page: Page) -> None:
    """22: preview in a dialog; arrows between files; Esc returns the focus."""
    message = desk.receive_from(
        files=[
            ("cat.png", "image/png", PNG),
            ("notes.txt", "text/plain", b"Buy milk.\n"),
            ("raw.bin", "application/octet-stream", b"\0\1"),
        ]
    )
    page.goto(conversation(desk, message))
    expect(page.locator("file-thumbnail img")).to_be_visible()  # once a worker has drawn it
    axe(page)
    page.get_by_role("link", name="cat.png").first.click()
    dialog = page.get_by_role("dialog", name="cat.png")
    expect(dialog.locator(".stage img")).to_be_visible()
    axe(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="notes.txt").locator("pre")).to_have_text("Buy milk.\n")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name="cat.png")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("a.file-open:focus")).to_contain_text("notes")


def test_it_is_read_on_a_phone_and_at_four_hundred_percent(
    desk: Desk, page: Page, expect_trouble: Callable[[str], None]
) -> None:
    """51: nothing is wider than the window."""
    expect_trouble("/preview")
    subject = "A long subject " + "with_one_word_that_does_not_break" * 3
    name = "a very long name of a file that goes on and on.pdf"
    files = [(name, "application/pdf", b"%PDF-1.4")]
    html = "<table width=900><tr><td>wide</table>"
    message = desk.receive_from(subject=subject, html=html, files=files)
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 700})
        for url in (place(desk), conversation(desk, message)):
            page.goto(url)
            page.wait_for_selector(".row, .letter")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (url, width)
