"""Chromium, under the real policy."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.services.servers import absent

CHROMIUM = Path("/usr/bin/chromium")
#: What Playwright turns off: of two such switches Chromium takes the last, which is ours.
PLAYWRIGHT_LEAVES_OUT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
#: Pages of the browser's own (beneath the address bar, which nobody sees) that it loads with every
#: tab, and a process kept for the next site: they cost as much as the page that is tested.
LEFT_OUT = ("SpareRendererForSitePerProcess", "WebUIOmniboxAimPopup", "WebUIOmniboxPopup")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--in-process-gpu",
            "--animation-duration-scale=0",  # of the browser's own tabs, not of the pages
            f"--disable-features={','.join(PLAYWRIGHT_LEAVES_OUT + LEFT_OUT)}"]  # fmt: skip


def look_for_chromium() -> None:
    """Skip the test where there is no Chromium; fail it when CI is set."""
    if not CHROMIUM.exists():
        absent(f"no Chromium at {CHROMIUM}")


@pytest.fixture
def bare_page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page whose console is nobody's business."""
    look_for_chromium()
    # Playwright runs an event loop in this thread, in which Django refuses the database.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        page = browser.new_page()
        page.set_default_timeout(10_000)
        yield page
        browser.close()


@pytest.fixture
def page(bare_page: Page) -> Iterator[Page]:
    """A page that fails the test when its console shows an error or a violation."""
    complaints: list[str] = []
    bare_page.on("console", lambda line: line.type == "error" and complaints.append(line.text))
    bare_page.on("pageerror", lambda error: complaints.append(str(error)))
    yield bare_page
    assert complaints == []
