"""Pictures in the text of a letter: pasted, dropped, taken out, sent."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, drop, paste_file, throttle
from tests.browser.desk.test_writing import SURFACE, answer, kept, open_sheet, path_of
from tests.browser.desk.writing import wait_until_saved
from tests.services.servers import wait_until

PICTURE = f"{SURFACE} img"


def png(width: int = 60, height: int = 40, *, noise: bool = False) -> bytes:
    """The bytes of a picture; one with noise cannot be made small."""
    image = Image.effect_noise((width, height), 90) if noise else Image.new("RGB", (width, height))
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def paste(page: Page, content: bytes) -> None:
    """Paste what a picture of the screen is."""
    base64 = b64encode(content).decode()
    paste_file(page, SURFACE, name="image.png", content_type="image/png", base64=base64)


def sent_bytes(desk: Desk, message_id: str) -> dict[str, str]:
    """The digests of the files of a message as it lies ready to go, by their names."""
    message = desk.message(message_id)
    found = {}
    for one in message["attachments"]:
        url = f"{desk.url}/api/v1/messages/{message_id}/attachments/{one['id']}/content"
        answer = desk._session.get(url, timeout=30)
        found[one["content_id"]] = hashlib.sha256(answer.content).hexdigest()
    return found


def files_of(desk: Desk) -> list[dict[str, Any]]:
    return list(kept(desk)["attachments"])


def without_files(desk: Desk) -> bool:
    return not files_of(desk)


def test_a_pasted_picture_is_shown_at_once_and_sent_as_it_was(page: Page, desk: Desk) -> None:
    """desk.md 2, 3 and 44."""
    content = png(400, 200, noise=True)
    digest = hashlib.sha256(content).hexdigest()
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.type("Look: ")
    throttle(page, kbytes=30)
    paste(page, content)
    coming = page.locator(f"{PICTURE}[data-upload]")
    coming.wait_for()
    size = coming.evaluate("(one) => one.decode().then(() => [one.offsetWidth, one.offsetHeight])")
    assert size == [400, 200]
    throttle(page, kbytes=0)
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    draft = kept(desk, html="cid:")
    (file,) = draft["attachments"]
    assert file["inline"] and re.fullmatch(r"image-[\d-]+\.png", file["filename"])
    assert f'src="cid:{file["content_id"]}"' in draft["html"]
    assert "blob:" not in draft["html"] and "data-" not in draft["html"]
    assert draft["text"] == f"Look: [{file['filename']}]"
    page.reload()
    shown = page.locator(PICTURE)
    shown.wait_for()
    assert shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 400
    desk.api("PATCH", f"/drafts/{draft['id']}", json={"to": ["ann@example.com"], "subject": "Look"})
    sent = desk.api("POST", f"/drafts/{draft['id']}/send", json={})
    assert sent_bytes(desk, sent["message_id"]) == {file["content_id"]: digest}
    raw = desk._session.get(f"{desk.url}/api/v1/messages/{sent['message_id']}/raw", timeout=30).text
    assert f"Content-ID: <{file['content_id']}>" in raw


def test_pictures_of_a_mail_go_on_with_its_reply_and_its_forward(
    page: Page, desk: Desk, expect_trouble: Callable[[str], None]
) -> None:
    """desk.md 44."""
    expect_trouble("Blocked script execution")  # the test's own, in the frame of the mail
    content = png(80, 50, noise=True)
    files = [{"filename": "chart.png", "content": b64encode(content).decode(), "inline": True,
              "content_id": "chart"}]  # fmt: skip
    sent = desk.api("POST", "/messages", json={
        "inbox_id": desk.inbox, "to": [desk.address], "subject": "Chart",
        "html": '<p>See <img src="cid:chart"></p>', "attachments": files,
    })  # fmt: skip
    message = desk.message(sent["id"])
    for how in ("reply", "forward"):
        surface = answer(page, desk, message, how)
        surface.click()
        page.keyboard.press("Control+Home")
        page.keyboard.type(f"My {how}")
        page.get_by_role("button", name="Show the quoted text").click()
        shown = page.locator(PICTURE)
        assert shown.evaluate("(one) => one.decode().then(() => one.naturalWidth)") == 80
        draft = kept(desk, text=f"My {how}", html="cid:chart")
        wait_until_saved(page)  # else the composer may save what is changed here meanwhile
        path = f"/drafts/{draft['id']}"
        desk.api("PATCH", path, json={"to": ["ann@example.com"]})
        out = desk.api("POST", f"{path}/send", json={})
        assert sent_bytes(desk, out["message_id"]) == {"chart": hashlib.sha256(content).hexdigest()}


def test_a_picture_that_is_deleted_takes_its_file_along_which_can_be_kept(
    page: Page, desk: Desk
) -> None:
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.type("Look: ")
    paste(page, png())
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    kept(desk, html="cid:")
    page.keyboard.press("Backspace")
    toast = page.locator(".toast", has_text="was taken out of the mail")
    toast.wait_for()
    assert without_files(desk)
    assert "cid:" not in kept(desk)["html"]
    toast.get_by_role("button", name="Keep it as a file").click()
    (file,) = wait_until(lambda: files_of(desk), what="the file", pause=0.1) or []
    assert not file["inline"]


def test_undoing_brings_the_picture_and_its_file_back(page: Page, desk: Desk) -> None:
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.type("Look: ")
    paste(page, png())
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    before = kept(desk, html="cid:")["attachments"]
    page.keyboard.press("Backspace")
    page.locator(".toast", has_text="was taken out of the mail").wait_for()
    page.keyboard.press("Control+z")
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    wait_until(lambda: files_of(desk), what="the file again", pause=0.1)
    (file,) = files_of(desk)
    assert (file["id"], file["inline"], file["content_id"]) == (
        before[0]["id"], True, before[0]["content_id"],
    )  # fmt: skip
    kept(desk, html=f"cid:{file['content_id']}")


def test_a_cancelled_upload_takes_its_picture_out_of_the_text(page: Page, desk: Desk) -> None:
    """desk.md 12."""
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.type("Look: ")
    throttle(page, kbytes=20)
    paste(page, png(600, 400, noise=True))
    page.wait_for_selector(f"{PICTURE}[data-upload]")
    wait_until_saved(page)
    assert kept(desk)["text"] == "Look:"
    page.locator("draft-files [data-do=remove]").click()
    expect(page.locator(PICTURE)).to_have_count(0)
    throttle(page, kbytes=0)
    wait_until_saved(page)
    assert kept(desk)["text"] == "Look:"
    wait_until(lambda: without_files(desk), what="no file", pause=0.1)


def test_a_file_goes_into_the_text_and_out_of_it(page: Page, desk: Desk) -> None:
    """desk.md 2: what the buttons of a file ask for."""
    content = b64encode(png()).decode()
    draft = desk.api("POST", "/drafts", json={
        "html": "<div>Look: </div>", "attachments": [{"filename": "a.png", "content": content}],
    })  # fmt: skip
    open_sheet(page, desk, path_of(draft))
    ask = """(name) => { const composer = document.querySelector("mail-composer");
        composer.dispatchEvent(new CustomEvent(name, {detail: composer.draft.attachments[0]})); }"""
    page.evaluate(ask, "place-inline")
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    (file,) = kept(desk, html="cid:")["attachments"]
    assert file["inline"]
    page.evaluate(ask, "take-out")
    expect(page.locator(PICTURE)).to_have_count(0)
    wait_until(lambda: "cid:" not in (kept(desk)["html"] or ""), what="no picture", pause=0.1)
    assert [(one["filename"], one["inline"]) for one in files_of(desk)] == [("a.png", False)]


def test_plain_text_keeps_the_pictures_as_files_and_can_be_undone(page: Page, desk: Desk) -> None:
    """desk.md 45."""
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.press("Control+b")
    page.keyboard.type("Look")
    paste(page, png())
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    name = kept(desk, html="cid:")["attachments"][0]["filename"]
    page.get_by_role("button", name="Plain text").click()
    toast = page.locator(".toast", has_text="The image is attached as a file.")
    toast.wait_for()
    wait_until(lambda: kept(desk)["html"] is None, what="no HTML", pause=0.1)
    draft = kept(desk, text=f"Look[{name}]")
    assert [one["inline"] for one in draft["attachments"]] == [False]
    expect(page.get_by_role("textbox", name="Message")).to_have_value(f"Look[{name}]")
    toast.get_by_role("button", name="Undo").click()
    draft = kept(desk, html="<b>Look")
    assert "cid:" in draft["html"]
    wait_until(lambda: files_of(desk)[0]["inline"], what="an inline file", pause=0.1)


def test_a_picture_that_is_dropped_on_the_text_stands_there(
    page: Page, desk: Desk, tmp_path: Path
) -> None:
    """desk.md 2."""
    picture, plan = tmp_path / "chart.png", tmp_path / "plan.pdf"
    picture.write_bytes(png())
    plan.write_bytes(b"%PDF-1.7 plan")
    open_sheet(page, desk)
    drop(page, [picture], SURFACE)
    page.wait_for_selector(f"{PICTURE}[data-cid]")
    drop(page, [plan], SURFACE)
    page.wait_for_selector("draft-files .draft-file:has-text('plan.pdf')")
    draft = kept(desk, html="cid:")
    wait_until(lambda: len(files_of(desk)) == 2, what="two files", pause=0.1)
    assert {one["filename"]: one["inline"] for one in files_of(desk)} == {
        "chart.png": True,
        "plan.pdf": False,
    }
    assert draft["html"].count("<img") == 1


def test_a_picture_arrives_in_a_text_whose_page_was_left(page: Page, desk: Desk) -> None:
    """desk.md 18."""
    surface = open_sheet(page, desk)
    surface.click()
    page.keyboard.type("Look: ")
    kept(desk, text="Look:")
    throttle(page, kbytes=40)
    paste(page, png(500, 300, noise=True))
    page.wait_for_selector(f"{PICTURE}[data-upload]")
    page.get_by_role("link", name="Sent").click()
    page.wait_for_url("**/sent")
    throttle(page, kbytes=0)
    draft = kept(desk, html="cid:")
    assert f"cid:{draft['attachments'][0]['content_id']}" in draft["html"]
