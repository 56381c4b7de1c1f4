"""The desk in Chromium, on a live installation that all tests of a process share."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, SWITCHES, look_for_chromium
from tests.browser.desk.ground import Desk, Maker, Profile, Watched
from tests.installation import INSTALLATIONS, Installation
from tests.services.servers import folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/desk/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.live)
            if not item.get_closest_marker("quick"):
                item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def house(request: pytest.FixtureRequest) -> Iterator[Installation]:
    """An installation with everything that runs: web, worker, clock, and the door for mail."""
    if request.config.getoption("database") != "sqlite":
        pytest.skip("done on SQLite")
    with folder("desk") as home:
        installation = Installation(home, environment={})
        tables = request.getfixturevalue("migrated_file")
        shutil.copy(tables, installation.data / "enclose.sqlite3")
        try:
            installation.start_worker()
            installation.start_mail()
            installation.start_web()
            yield installation
        finally:
            installation.stop()


@pytest.fixture(scope="package")
def maker(house: Installation) -> Iterator[Maker]:
    maker = Maker(house)
    yield maker
    maker.close()


@pytest.fixture
def desk(house: Installation, maker: Maker, request: pytest.FixtureRequest) -> Desk:
    """A workspace of this test's own."""
    request.node.stash.setdefault(INSTALLATIONS, []).append(house)
    return Desk(house, maker.make("make_desk"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    look_for_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def profile(chromium: Browser, house: Installation) -> Iterator[Profile]:
    """A browser that has been at the desk before."""
    with watched_context(chromium, house.url) as context:
        yield Profile(context, house.url)


@pytest.fixture
def context(
    request: pytest.FixtureRequest, chromium: Browser, desk: Desk
) -> Iterator[BrowserContext]:
    """Alice's browser; what goes wrong in it and was not expected fails the test.

    With the mark `first_visit` it has nothing cached, and its clock may be set.
    """
    with ExitStack() as stack:
        if request.node.get_closest_marker("first_visit"):
            context = stack.enter_context(watched_context(chromium, desk.url))
        else:
            profile: Profile = request.getfixturevalue("profile")
            stack.callback(profile.forget)
            context = profile.context
        desk.sign_in(context)
        yield context
    watched: Watched = context.__dict__["watched"]
    watched.check()


@contextmanager
def watched_context(chromium: Browser, url: str) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(10_000)
    context.__dict__["watched"] = Watched(context, url)
    yield context
    context.close()


@pytest.fixture
def expect_trouble(context: BrowserContext) -> Callable[[str], None]:
    """Say which complaints of the browser belong to the test, by a part of their words."""
    watched: Watched = context.__dict__["watched"]
    return watched.expected.append


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of Alice's."""
    return context.new_page()
