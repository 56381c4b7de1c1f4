"""The ground on which the desk is tested fails when it must."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.desk.ground import Desk, Watched, axe, shifts, tab_to

pytestmark = pytest.mark.quick


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    found: Watched = context.__dict__["watched"]
    return found


@pytest.fixture
def mail(page: Page, desk: Desk) -> Page:
    """A page of the desk."""
    page.goto(f"{desk.url}/mail/")
    return page


def complaints(watched: Watched) -> str:
    """What the check fails with; it is forgotten then, so that the test itself passes."""
    with pytest.raises(AssertionError) as failure:
        watched.check()
    return str(failure.value)


def test_it_sees_what_the_console_complains_of(mail: Page, watched: Watched) -> None:
    mail.evaluate("console.error('a broken thing')")
    assert "a broken thing" in complaints(watched)


def test_it_sees_an_error_that_nobody_catches(mail: Page, watched: Watched) -> None:
    with mail.context.expect_event("weberror"):
        mail.evaluate("() => {setTimeout(() => {throw new Error('a broken promise');});}")
    assert "a broken promise" in complaints(watched)


def test_it_sees_a_request_that_is_refused(mail: Page, watched: Watched) -> None:
    mail.evaluate("fetch('/api/v1/messages/msg_nothing')")
    assert complaints(watched).startswith("404 ")


def test_it_sees_a_request_that_nobody_answers(page: Page, desk: Desk, watched: Watched) -> None:
    url = f"{desk.url}/mail/"
    page.route(url, lambda route: route.abort("connectionclosed"))
    with pytest.raises(Exception, match="ERR_CONNECTION_CLOSED"):
        page.goto(url)
    assert complaints(watched) == f"net::ERR_CONNECTION_CLOSED {url}"


def test_it_sees_a_violation_of_the_policy(mail: Page, watched: Watched) -> None:
    with mail.expect_console_message(lambda line: line.text.startswith("policy: ")):
        mail.evaluate("() => {const s = document.createElement('script'); s.textContent = '1';"
                      " document.body.append(s);}")  # fmt: skip
    assert "policy: script-src" in complaints(watched)


def test_what_was_expected_is_no_complaint(mail: Page, watched: Watched) -> None:
    watched.expected.append("a broken thing")
    mail.evaluate("console.error('a broken thing'); console.error('another')")
    assert complaints(watched) == "another"


def test_it_sees_what_cannot_be_used_by_everybody(mail: Page, watched: Watched) -> None:
    axe(mail)
    mail.evaluate("document.querySelector('#main').insertAdjacentHTML('beforeend', '<img src=x>')")
    with pytest.raises(AssertionError, match="image-alt"):
        axe(mail)
    watched.expected.append("/x")


def test_it_sees_a_jump_of_the_layout(mail: Page) -> None:
    before = shifts(mail)
    mail.evaluate("""() => {
        document.querySelector('#main').insertAdjacentHTML('afterbegin', '<p class="jump">x</p>');
        document.querySelector('.jump').style.height = '300px';
    }""")
    mail.wait_for_function("before => window.__shifts.reduce((a, b) => a + b, 0) > before",
                           arg=before)  # fmt: skip
    assert shifts(mail) > before


def test_tab_leads_where_it_should_or_fails(mail: Page) -> None:
    tab_to(mail, "#q")
    expect(mail.locator("#q")).to_be_focused()
    with pytest.raises(AssertionError, match="do not lead to #nowhere"):
        tab_to(mail, "#nowhere", most=2)


def test_each_test_has_people_of_its_own(mail: Page, desk: Desk) -> None:
    """Alice and Bob are colleagues; for Charlie their mail does not exist."""
    thread = desk.receive_from(subject="Between us")["thread_id"]
    seen = {}
    for who in ("alice", "bob", "charlie"):
        desk.sign_in(mail.context, who)
        seen[who] = mail.request.get(f"{desk.url}/mail/threads/{thread}")
    assert {who: answer.status for who, answer in seen.items()} == {
        "alice": 200, "bob": 200, "charlie": 404,
    }  # fmt: skip
    assert "Between us" in seen["bob"].text()
    assert "Between us" not in seen["charlie"].text()


def test_the_browser_loads_no_pages_of_its_own(chromium: Browser, mail: Page) -> None:
    line = chromium.new_browser_cdp_session()
    found = line.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
    urls = {one["url"] for one in found}
    assert mail.url in urls
    assert [url for url in urls if url.startswith("chrome")] == []


def test_what_playwright_leaves_out_of_the_browser_is_left_out(chromium: Browser) -> None:
    """Of two such switches only the last counts, which is ours."""
    line = chromium.new_browser_cdp_session()
    processes = line.send("SystemInfo.getProcessInfo")["processInfo"]
    (pid,) = [one["id"] for one in processes if one["type"] == "browser"]
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    switch = "--disable-features="
    theirs, ours = (set(one[len(switch) :].split(",")) for one in words if one.startswith(switch))
    assert theirs and theirs - ours == set()
