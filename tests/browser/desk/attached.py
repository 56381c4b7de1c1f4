"""Files in the composer, as tests choose and see them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request

from tests.browser.desk.ground import Desk, line_of
from tests.services.servers import wait_until

MIB = 1024 * 1024


def compose(page: Page, desk: Desk, path: str = "compose") -> None:
    """Open a composer and wait until it takes files."""
    page.goto(f"{desk.url}/mail/{path}")
    page.wait_for_function("() => document.querySelector('draft-files')?.draft")


def make_file(folder: Path, name: str, *, size: int = 0, content: bytes = b"") -> Path:
    """A file of the system; of random bytes, the same each time, when it is given a size."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content or random.Random(name).randbytes(size))
    return path


def choose(page: Page, *paths: Path) -> None:
    """Choose files as in the dialog of the system."""
    page.set_input_files("draft-files input[type=file]", list(paths))


def names(page: Page) -> list[str]:
    """The names of the rows, from top to bottom."""
    found: list[str] = page.eval_on_selector_all(
        ".draft-file", "rows => rows.map((one) => one.row.name)"
    )
    return found


def row(page: Page, name: str) -> str:
    """The selector of a file's row."""
    return f'.draft-file:has(:is([aria-label="Remove {name}"], [aria-label="Cancel {name}"]))'


def wait_for(page: Page, name: str, state: str) -> None:
    """Wait until a file is in a state: ready, uploading, paused, failed, half-done."""
    page.wait_for_selector(f'{row(page, name)}[data-state="{state}"]', timeout=30_000)


def said(page: Page, name: str) -> str:
    """What a row says of its file."""
    return page.inner_text(f"{row(page, name)} .said")


def carried(page: Page, desk: Desk) -> list[dict[str, Any]]:
    """The files of the draft that is written, as the server has them."""
    id = page.evaluate("document.querySelector('mail-composer').draft.id")
    files: list[dict[str, Any]] = desk.api("GET", f"/drafts/{id}")["attachments"] if id else []
    return files


def wait_for_names(page: Page, desk: Desk, *wanted: str) -> None:
    """Wait until the server has just these files, in this order."""
    wait_until(
        lambda: [one["filename"] for one in carried(page, desk)] == list(wanted),
        what=f"the files {wanted}",
        pause=0.05,
    )


def requests_of(page: Page, *, header: str = "") -> list[str]:
    """What is asked of the server from now on, with a header behind it; grows by itself."""
    found: list[str] = []

    def note(request: Request) -> None:
        words = [request.method, request.url, request.headers.get(header, "")]
        found.append(" ".join(words).strip())

    page.on("request", note)
    return found


def cut(page: Page) -> None:
    """Cut the line, also of what is on its way; `throttle` mends it."""
    words = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    session = line_of(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", words)


def listen(page: Page) -> None:
    """Note what is read out from now on: see `heard`."""
    page.evaluate("""() => {
        window.heard = [];
        new MutationObserver(() => {
            const words = document.querySelector("#live").textContent;
            if (words) window.heard.push(words);
        }).observe(document.querySelector("#live"), {childList: true, subtree: true});
    }""")


def heard(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.heard")
    return found
