"""What tests of the composer do again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.desk.ground import Desk
from tests.services.servers import wait_until

DRAFT = "document.querySelector('mail-composer').draft"


def open_composer(page: Page, desk: Desk, draft: str = "") -> Page:
    """The composer, with a draft or a blank sheet, once all of it works."""
    page.goto(f"{desk.url}/mail/{f'drafts/{draft}' if draft else 'compose'}")
    return wait_for_composer(page)


def wait_for_composer(page: Page) -> Page:
    page.wait_for_selector("draft-sending:defined")
    return page


def wait_until_saved(page: Page) -> None:
    page.wait_for_function(f"() => {DRAFT}.id && {DRAFT}.isSaved && !{DRAFT}.failures")
    page.wait_for_selector(".save-state:has-text('Saved')")


def make_draft(desk: Desk, **fields: Any) -> str:
    """A draft that is there already; gives its id."""
    made = desk.api("POST", "/drafts", json={"inbox_id": desk.inbox, **fields})
    return str(made["id"])


def set_field(page: Page, name: str, value: Any) -> None:
    """Change a field as its element does."""
    page.evaluate(f"([name, value]) => {DRAFT}.set(name, value)", [name, value])


def field(page: Page, name: str) -> Any:
    """What stands in a field, saved or not."""
    return page.evaluate(f"(name) => {DRAFT}.fields[name]", name)


def lose_answer(target: Page | BrowserContext, method: str, path: str) -> Callable[[], int]:
    """Have the next such request take effect, and its answer get lost; gives how many were."""
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != method or lost:
            return route.fallback()
        route.fetch()
        lost.append(route.request.url)
        route.abort("connectionreset")

    target.route(path, lose)
    return lambda: len(lost)


def hold(target: Page | BrowserContext, method: str, path: str) -> Callable[[], None]:
    """Hold the next such request on its way to the server; gives what lets it go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        if route.request.method != method or held:
            return route.fallback()
        held.append(route)

    page = target if isinstance(target, Page) else target.pages[0]
    target.route(path, keep)

    def let_go() -> None:
        wait_until(lambda: page.evaluate("() => true") and held, what="a request", pause=0.02)
        held[0].continue_()

    return let_go
