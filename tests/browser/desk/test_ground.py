"""The ground on which the desk is tested fails when it must."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.desk.ground import Desk, Watched, axe, shifts


@pytest.fixture
def watched(context: BrowserContext) -> Watched:
    found: Watched = context.__dict__["watched"]
    return found


def test_it_sees_what_the_console_complains_of(page: Page, desk: Desk, watched: Watched) -> None:
    page.goto(f"{desk.url}/mail/")
    page.evaluate("console.error('a broken thing')")
    page.evaluate("fetch('/api/v1/messages/msg_nothing')")
    page.wait_for_function("() => true")
    with pytest.raises(AssertionError, match=r"a broken thing"):
        watched.check()
    watched.complaints.clear()


def test_it_sees_a_violation_of_the_policy(page: Page, desk: Desk, watched: Watched) -> None:
    page.goto(f"{desk.url}/mail/")
    page.evaluate("() => {const s = document.createElement('script'); s.textContent = '1';"
                  " document.body.append(s);}")  # fmt: skip
    page.wait_for_function("() => true")
    with pytest.raises(AssertionError, match=r"script-src"):
        watched.check()
    watched.complaints.clear()


def test_it_sees_what_cannot_be_used_by_everybody(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/mail/")
    axe(page)
    page.evaluate("document.querySelector('#main').insertAdjacentHTML('beforeend', '<img src=x>')")
    with pytest.raises(AssertionError, match="image-alt"):
        axe(page)
    page.context.__dict__["watched"].expected.append("/x")


def test_it_sees_a_jump_of_the_layout(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/mail/")
    before = shifts(page)
    page.wait_for_timeout(600)  # input of the last half second would excuse it
    page.evaluate("""() => new Promise((done) => {
        document.querySelector('#main').insertAdjacentHTML('afterbegin', '<p class="jump">x</p>');
        document.querySelector('.jump').style.height = '300px';
        requestAnimationFrame(() => requestAnimationFrame(done));
    })""")
    assert shifts(page) > before
