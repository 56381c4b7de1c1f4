"""Pausing in Chromium: an operator stops a workspace, its people read why, and all of it leaves."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.desk.ground import Desk, Maker, axe

LETTER = {"to": [{"email": "ann@example.com"}], "subject": "Hello", "text": "Hi."}
REASON = "Your relay asks for a break."


@pytest.mark.quick
def test_an_operator_pauses_sending_and_people_are_told(
    chromium: Browser, desk: Desk, maker: Maker, page: Page
) -> None:
    operator = maker.make("make_officer", workspace=desk.workspace, duty="operator")
    office = chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    office.add_cookies([{"name": "sessionid", "value": operator["session"], "url": desk.url}])
    tab = office.new_page()
    tab.goto(f"{desk.url}/admin/messaging/pause/add/")
    tab.locator("select[name=workspace]").select_option(index=0)
    tab.locator("[name=reason]").fill(REASON)
    tab.get_by_role("button", name="Save", exact=True).click()
    expect(tab.locator("#result_list")).to_contain_text(REASON)

    message = desk.api("POST", "/messages", json={**LETTER, "inbox_id": desk.inbox})
    page.goto(f"{desk.url}/mail/")
    banner = page.get_by_role("note", name="Sending is paused")
    expect(banner).to_contain_text(f"because: {REASON}")
    axe(page)
    assert desk.api("GET", "/sending")["reason"] == REASON
    assert desk.message(message["id"])["status"] == "queued"

    tab.locator("#result_list tbody th a").click()
    tab.get_by_role("link", name="Resume…").click()
    tab.fill("#reason", "It has had one.")
    tab.get_by_role("button", name="Resume").click()
    expect(tab.locator(".messagelist")).to_contain_text("Mail leaves again.")
    assert desk.wait_for_status(message["id"], "sent")["sent_at"]
    page.reload()
    expect(page.locator("#main")).to_be_visible()
    expect(banner).to_have_count(0)
    office.close()
