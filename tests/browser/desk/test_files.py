"""Files in the composer: how they get in, what can be done to them, and what is refused."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Page

from tests.browser.desk.attached import (
    MIB,
    carried,
    choose,
    compose,
    make_file,
    names,
    requests_of,
    row,
    said,
    wait_for,
    wait_for_names,
)
from tests.browser.desk.ground import Desk, axe, drag, drop, paste_file
from tests.services.servers import wait_until

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def writing(page: Page, desk: Desk) -> Page:
    """A composer that takes files."""
    compose(page, desk)
    return page


def test_a_drop_anywhere_attaches(writing: Page, desk: Desk, tmp_path: Path) -> None:
    """1: the whole page says so while files hang over it; leaving cancels."""
    file = make_file(tmp_path, "report.bin", size=1000)
    for kind in ("dragEnter", "dragOver"):
        drag(writing, kind, [file], "#main")
    overlay = "getComputedStyle(document.querySelector('draft-files'), '::after').content"
    assert writing.evaluate(overlay) == '"Attach"'
    drag(writing, "dragCancel", [file], "#main")
    writing.mouse.move(300, 300)
    assert writing.evaluate(overlay) == "none"
    assert names(writing) == []

    drop(writing, [file], "#sidebar")
    wait_for(writing, "report.bin", "ready")
    assert writing.evaluate(overlay) == "none"
    wait_for_names(writing, desk, "report.bin")


def test_many_files_keep_the_order_in_which_they_were_chosen(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """5: whichever is there first."""
    sizes = [3 * MIB, 10, 2 * MIB, 20, 30, MIB, 40]
    paths = [make_file(tmp_path, f"{n}.bin", size=size) for n, size in enumerate(sizes)]
    wanted = [path.name for path in paths]
    with writing.expect_file_chooser() as chooser:
        writing.click("text=Attach files")
    assert chooser.value.is_multiple()
    chooser.value.set_files(paths)
    for name in wanted:
        wait_for(writing, name, "ready")
    wait_for_names(writing, desk, *wanted)
    assert names(writing) == wanted


def test_folders_come_with_their_path_and_without_hidden_files(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """4"""
    make_file(tmp_path, "trip/list.txt", content=b"one")
    make_file(tmp_path, "trip/pictures/beach.txt", content=b"two")
    make_file(tmp_path, "trip/.secret", content=b"three")
    drop(writing, [tmp_path / "trip"])
    wait_for(writing, "trip - list.txt", "ready")
    wait_for(writing, "trip - pictures - beach.txt", "ready")
    assert names(writing) == ["trip - list.txt", "trip - pictures - beach.txt"]
    assert "1 hidden file left out." in writing.inner_text("#toasts")


def test_a_pasted_screenshot_is_called_by_its_time(writing: Page, desk: Desk) -> None:
    """3"""
    content = base64.b64encode(PNG).decode()
    paste_file(writing, "#subject", name="image.png", content_type="image/png", base64=content)
    writing.wait_for_selector(".draft-file[data-state=ready]")
    assert re.fullmatch(r"image-\d{4}-\d\d-\d\d-\d{4}\.png", names(writing)[0])


def test_what_cannot_be_taken_is_refused_before_a_byte_is_sent(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """16: with the limit, the actual size, and what to do."""
    writing.evaluate(
        "document.querySelector('draft-files').limits.file.blocked_extensions = ['exe']"
    )
    asked = requests_of(writing)
    (tmp_path / "empty.txt").touch()
    large = make_file(tmp_path, "large.bin", size=26 * MIB)
    program = make_file(tmp_path, "setup.EXE", size=10)
    drop(writing, [tmp_path / "empty.txt", large, program])
    for name in ("empty.txt", "large.bin", "setup.EXE"):
        wait_for(writing, name, "failed")
        assert writing.locator(f"{row(writing, name)} .again").is_hidden()
    assert "empty" in said(writing, "empty.txt")
    assert "26 MB" in said(writing, "large.bin")
    assert "25 MB" in said(writing, "large.bin")
    assert "link" in said(writing, "large.bin")
    assert ".exe" in said(writing, "setup.EXE")
    assert asked == []


def test_a_file_that_makes_the_mail_too_large_is_refused(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """16, 26: as sent, which is more than the files have."""
    first, second = (make_file(tmp_path, f"{n}.bin", size=14 * MIB) for n in (1, 2))
    choose(writing, first, second)
    wait_for(writing, "2.bin", "failed")
    assert "36 MB" in said(writing, "2.bin")
    wait_for(writing, "1.bin", "ready")
    assert writing.inner_text(".draft-files-meter") == "19.2 MB of 36 MB as sent"


def test_over_the_limit_the_meter_says_what_to_do(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """26"""
    choose(writing, make_file(tmp_path, "a.bin", size=MIB))
    wait_for(writing, "a.bin", "ready")
    writing.evaluate("""() => {
        const files = document.querySelector("draft-files");
        files.limits.message.max_encoded_bytes = 1024 * 1024;
        files.render();
    }""")
    words = writing.inner_text(".draft-files-meter.over")
    assert (
        words == "1.4 MB as sent, and 1 MB is the most. Take 378 KB out, or send it in two mails."
    )


def test_the_same_file_is_attached_twice_only_on_purpose(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """9"""
    file = make_file(tmp_path, "a.bin", size=1000)
    copy = make_file(tmp_path, "copy.bin", content=file.read_bytes())
    choose(writing, file)
    wait_for(writing, "a.bin", "ready")
    choose(writing, copy)
    wait_for(writing, "copy.bin", "failed")
    assert said(writing, "copy.bin") == "The same file is, as a.bin, already attached."
    writing.click("text=Add anyway")
    wait_for(writing, "copy.bin", "ready")
    wait_for_names(writing, desk, "a.bin", "copy.bin")
    one, other = carried(writing, desk)
    assert one["id"] != other["id"]
    assert one["sha256"] == other["sha256"]


def test_the_same_name_with_other_bytes_gets_a_number(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """10"""
    choose(writing, make_file(tmp_path, "one/a.tar.gz", size=1000))
    wait_for(writing, "a.tar.gz", "ready")
    choose(writing, make_file(tmp_path, "two/a.tar.gz", size=1001))
    wait_for(writing, "a.tar (1).gz", "ready")
    assert "Renamed: another file is called a.tar.gz" in said(writing, "a.tar (1).gz")
    wait_for_names(writing, desk, "a.tar.gz", "a.tar (1).gz")


@pytest.fixture
def three(writing: Page, desk: Desk, tmp_path: Path) -> Page:
    """A composer with three files."""
    files = [make_file(tmp_path, f"{name}.txt", content=name.encode() * 9) for name in "abc"]
    choose(writing, *files)
    wait_for_names(writing, desk, "a.txt", "b.txt", "c.txt")
    writing.wait_for_function(
        "() => document.querySelectorAll('.draft-file[data-state=ready]').length === 3"
    )
    return writing


def test_what_is_removed_can_be_had_back_in_its_place(three: Page, desk: Desk) -> None:
    """24, 50: the focus goes to the next file, at the end to Attach."""
    three.click('[aria-label="Remove b.txt"]')
    assert three.evaluate("document.activeElement.ariaLabel") == "Remove c.txt"
    wait_for_names(three, desk, "a.txt", "c.txt")
    three.click("text=Undo")
    wait_for_names(three, desk, "a.txt", "b.txt", "c.txt")
    wait_for(three, "b.txt", "ready")
    wait_until(lambda: names(three) == ["a.txt", "b.txt", "c.txt"], what="the file in its place")
    for _ in range(3):
        three.click(".draft-file [data-do=remove]")
    assert three.evaluate("document.activeElement.textContent").strip() == "Attach files"
    wait_for_names(three, desk)


def test_a_new_name_keeps_its_ending_unless_that_is_wanted(three: Page, desk: Desk) -> None:
    """21"""
    three.focus(f"{row(three, 'a.txt')} .name")
    three.keyboard.press("F2")
    three.keyboard.type("Offer")  # over the stem, which is marked
    three.keyboard.press("Enter")
    wait_for_names(three, desk, "Offer.txt", "b.txt", "c.txt")
    wait_for(three, "Offer.txt", "ready")
    three.keyboard.press("F2")
    three.fill(".rename", "Offer.md")
    three.press(".rename", "Enter")
    assert "from .txt to .md" in three.inner_text(".rename-warning")
    three.press(".rename", "Enter")
    wait_for_names(three, desk, "Offer.md", "b.txt", "c.txt")
    wait_for(three, "Offer.md", "ready")
    three.keyboard.press("F2")
    three.fill(".rename", "Other.html")
    three.keyboard.press("Escape")
    assert names(three)[0] == "Offer.md"


def test_files_are_moved_by_keyboard_and_by_dragging(three: Page, desk: Desk) -> None:
    """23"""
    three.focus(f"{row(three, 'c.txt')} .name")
    three.keyboard.press("Alt+ArrowUp")
    wait_for_names(three, desk, "a.txt", "c.txt", "b.txt")
    three.wait_for_function(
        "() => document.querySelectorAll('.draft-file')[1].row.name === 'c.txt'"
    )
    assert three.evaluate("document.activeElement.textContent") == "c.txt"
    three.drag_and_drop(f"{row(three, 'b.txt')} .thumb", f"{row(three, 'a.txt')} .thumb")
    wait_for_names(three, desk, "b.txt", "a.txt", "c.txt")


def test_files_are_looked_at_one_after_the_other(three: Page, desk: Desk) -> None:
    """22: Esc gives the focus back."""
    three.click("text=b.txt")
    three.wait_for_selector("dialog pre:text-is('bbbbbbbbb')")
    three.keyboard.press("ArrowRight")
    three.wait_for_selector("dialog pre:text-is('ccccccccc')")
    three.keyboard.press("Escape")
    three.wait_for_selector("dialog.preview", state="detached")
    assert three.evaluate("document.activeElement.textContent") == "c.txt"


def test_a_picture_goes_into_the_text_and_out_of_it_by_its_menu(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """2: the editor hears of it, and whoever writes goes on behind the picture."""
    choose(writing, make_file(tmp_path, "sun.png", content=PNG))
    wait_for(writing, "sun.png", "ready")
    writing.evaluate("""() => {
        window.told = [];
        for (const name of ["place-inline", "take-out"]) {
            document.addEventListener(name, ({detail}) => window.told.push([name, detail.id]));
        }
    }""")
    writing.click('[aria-label="More for sun.png"]')
    writing.keyboard.press("ArrowDown")
    writing.keyboard.press("Enter")
    [file] = carried(writing, desk)
    assert writing.evaluate("window.told") == [["place-inline", file["id"]]]
    writing.wait_for_selector("letter-editor img[data-cid]")
    writing.wait_for_function("() => document.activeElement.ariaLabel === 'Message'")


def test_files_of_earlier_mail_are_attached_without_being_sent_again(
    writing: Page, desk: Desk
) -> None:
    """6"""
    desk.receive_from(files=[("Offer 2026.pdf", "application/pdf", b"%PDF-1.4 offer")])
    desk.receive_from(files=[("Plan.pdf", "application/pdf", b"%PDF-1.4 plan")])
    asked = requests_of(writing)
    writing.click("text=From earlier mail")
    writing.wait_for_selector(".earlier-files li >> text=Plan.pdf")
    axe(writing, within="dialog[open]")
    writing.fill(".earlier-files [type=search]", "offer")
    writing.wait_for_selector(".earlier-files li >> text=Plan.pdf", state="detached")
    writing.check(".earlier-files [type=checkbox]")
    writing.click("text=Attach 1 file")
    wait_for(writing, "Offer 2026.pdf", "ready")
    wait_for_names(writing, desk, "Offer 2026.pdf")
    assert writing.evaluate("document.activeElement.textContent").strip() == "From earlier mail"
    assert not [one for one in asked if one.endswith("/uploads")]
    writing.click("text=From earlier mail")
    writing.wait_for_selector(".earlier-files li:has(:disabled) >> text=already attached")


def test_a_whole_mail_is_attached_as_it_came(writing: Page, desk: Desk) -> None:
    """8"""
    mail = desk.receive_from(subject="Re: Offer / plan", text="As agreed.\n")
    raw = requests.get(
        f"{desk.url}/api/v1/messages/{mail['id']}/raw",
        headers={"Authorization": f"Bearer {desk.key}"},
        timeout=30,
    ).content
    writing.click("text=From earlier mail")
    writing.check("text=Whole mails")
    writing.check(".earlier-files li:has-text('Re: Offer / plan') input")
    writing.click("text=Attach 1 file")
    wait_for(writing, "Re: Offer - plan.eml", "ready")
    [file] = carried(writing, desk)
    assert (file["content_type"], file["sha256"]) == ("message/rfc822", sha256(raw).hexdigest())


def test_the_keyboard_opens_the_dialog_of_the_system(writing: Page) -> None:
    """47"""
    with writing.expect_file_chooser():
        writing.evaluate("() => null")  # Playwright says late to the browser that it listens
        writing.keyboard.press("Control+Shift+A")


def test_it_is_usable_by_everybody_on_every_screen(three: Page, tmp_path: Path) -> None:
    """51: axe, the phone, 400 %, and a long name that keeps its ending."""
    name = "A very long name of a report that goes on and on " + "x" * 80 + ".final.pdf"
    choose(three, make_file(tmp_path, name, size=100), make_file(tmp_path, "none.txt"))
    wait_for(three, name, "ready")
    axe(three, within="draft-files")
    for width in (1280, 390, 320):
        three.set_viewport_size({"width": width, "height": 800})
        too_wide = (
            "document.querySelector('draft-files').getBoundingClientRect().right > innerWidth"
        )
        assert not three.evaluate(too_wide)
        tail = three.locator(f"{row(three, name)} .tail")
        box, around = tail.bounding_box(), three.locator(row(three, name)).bounding_box()
        assert box and around
        assert tail.inner_text().endswith(".pdf")
        assert box["x"] + box["width"] <= around["x"] + around["width"]
    three.emulate_media(color_scheme="dark")
    axe(three, within="draft-files")


def test_without_script_there_are_plain_controls(
    three: Page, desk: Desk, context: BrowserContext
) -> None:
    path = three.evaluate("`/mail/drafts/${document.querySelector('mail-composer').draft.id}`")
    browser = context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False)
    desk.sign_in(plain)
    page = plain.new_page()
    page.goto(desk.url + path)
    assert page.locator(".draft-file").count() == 3
    assert page.locator("draft-files [name=file]").is_visible()
    assert page.locator("draft-files button:visible").all_inner_texts() == [
        *["Remove"] * 3,
        "Attach",
    ]
    plain.close()
