"""All files: found again, looked at, sent once more."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.desk.ground import Desk, axe
from tests.pictures.demo import paper, picture


def test_a_file_is_found_again_and_sent_once_more(page: Page, desk: Desk) -> None:
    desk.receive_from(
        subject="The opening",
        files=[
            ("hall.png", "image/png", picture(1, (60, 40))),
            ("Catalogue of the exhibition.pdf", "application/pdf", paper(1)),
        ],
    )
    page.goto(f"{desk.url}/mail/files")
    expect(page.locator("file-thumbnail img")).to_have_count(2)
    axe(page)
    page.fill("#q", "catalogue")
    page.keyboard.press("Enter")
    expect(page.locator(".library .file")).to_have_count(1)
    page.get_by_role("link", name="Catalogue of the exhibition.pdf").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Catalogue of the exhibition.pdf")
    expect(page.locator(".library-file file-thumbnail img")).to_be_visible()
    expect(page.get_by_role("link", name="The opening")).to_be_visible()
    axe(page)
    page.get_by_role("link", name="Write a mail with it").click()
    expect(page.locator("draft-files .draft-file")).to_contain_text("Catalogue")
    expect(page.locator(".save-state")).to_contain_text("Saved")
    (draft,) = desk.drafts()
    assert [one["filename"] for one in draft["attachments"]] == ["Catalogue of the exhibition.pdf"]
