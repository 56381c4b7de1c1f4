"""`make pictures`: the desk as people see it, in light and dark, on a desk and in a hand."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, SWITCHES
from tests.browser.desk.ground import Desk, Maker, throttle
from tests.installation import ROOT, Installation
from tests.pictures import demo
from tests.services.servers import folder

FOLDER = ROOT / "pictures"
SIZES = ((1280, 800), (390, 844))
Steps = Callable[[Page, Desk], None]


def go(path: str) -> Steps:
    """Go to a page of the desk; `{inbox}` is the inbox."""

    def steps(page: Page, desk: Desk) -> None:
        page.goto(desk.url + path.format(inbox=desk.inbox))
        page.wait_for_load_state("networkidle")

    return steps


def conversation(page: Page, desk: Desk) -> None:
    """The newest conversation with pictures in it."""
    found = desk.api("GET", "/messages", params={"filename": "Catalogue"})["data"][0]
    go(f"/mail/threads/{found['thread_id']}")(page, desk)


def write(page: Page, desk: Desk, text: str = "The plans are attached, as promised.") -> None:
    """A mail that is nearly done."""
    go("/mail/compose")(page, desk)
    page.locator("recipient-field[name=to] input").first.press_sequentially("ann@example.com,")
    page.fill("#subject", "Plans for the hall")
    page.locator("letter-editor [role=textbox]").press_sequentially(text)


def busy(page: Page, desk: Desk) -> None:
    """Three files on a slow line."""
    write(page, desk)
    throttle(page, kbytes=600)
    page.set_input_files("draft-files input[name=file]", some_files(desk, (3, 12, 1)))
    page.wait_for_function(
        "() => [...document.querySelectorAll('.draft-file progress')].some((one) => one.value > 15)"
    )


def over(page: Page, desk: Desk) -> None:
    """Files that are too much for one mail."""
    write(page, desk)
    page.set_input_files("draft-files input[name=file]", some_files(desk, (15, 15, 27)))
    page.locator(".draft-file[data-state=failed]").nth(1).wait_for()
    page.locator(".draft-file[data-state=ready]").wait_for()


def preflight(page: Page, desk: Desk) -> None:
    """What is asked before a mail leaves."""
    write(page, desk)
    page.fill("#subject", "")
    page.keyboard.press("Control+Enter")
    page.locator("dialog[open]").wait_for()


def schedule(page: Page, desk: Desk) -> None:
    """When it shall leave."""
    write(page, desk)
    page.keyboard.press("Control+Shift+Enter")
    page.locator("dialog[open]").wait_for()


def some_files(desk: Desk, megabytes: tuple[int, ...]) -> list[Path]:
    """Files of so many MB each; they go with the installation."""
    home = desk.installation.data / "chosen"
    home.mkdir(exist_ok=True)
    names = ("Floor plan, second draft.pdf", "Film of the site.mp4", "Costs.xlsx")
    made = []
    for number, size in enumerate(megabytes):
        path = home / names[number]
        path.write_bytes(bytes([number]) * (size * 1_000_000))
        made.append(path)
    return made


#: name of the picture -> how to get there
PICTURES: dict[str, Steps] = {
    "inbox": go("/mail/{inbox}/inbox"),
    "conversation": conversation,
    "compose-empty": go("/mail/compose"),
    "compose-busy": busy,
    "compose-over": over,
    "compose-preflight": preflight,
    "compose-schedule": schedule,
    "drafts": go("/mail/{inbox}/drafts"),
    "scheduled": go("/mail/{inbox}/scheduled"),
    "waiting": go("/mail/{inbox}/waiting"),
    "starred": go("/mail/{inbox}/starred"),
    "sent": go("/mail/{inbox}/sent"),
    "outbox": go("/mail/outbox"),
    "files": go("/mail/files"),
    "settings-inboxes": go("/mail/settings/inboxes"),
    "settings-keys": go("/mail/settings/keys"),
    "settings-webhooks": go("/mail/settings/webhooks"),
    "settings-members": go("/mail/settings/members"),
    "settings-workspace": go("/mail/settings/workspace"),
}


def main(wanted: list[str]) -> int:
    """Take the pictures whose names begin with one of the words, or all."""
    FOLDER.mkdir(exist_ok=True)
    with folder("pictures") as home:
        installation = Installation(home, environment={})
        installation.migrate()
        try:
            installation.start_worker()
            installation.start_mail()
            installation.start_web()
            maker = Maker(installation)
            desk = Desk(installation, maker.make("make_desk"))
            demo.fill(desk)
            take(desk, wanted)
            maker.close()
        finally:
            installation.stop()
    return 0


def take(desk: Desk, wanted: list[str]) -> None:
    before = {draft["id"] for draft in desk.drafts()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                for name, steps in PICTURES.items():
                    if wanted and not name.startswith(tuple(wanted)):
                        continue
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme="dark" if scheme == "dark" else "light",
                        reduced_motion="reduce",  # or dialogs are half there
                        locale="en-GB",
                        timezone_id="Europe/Berlin",
                    )
                    desk.sign_in(context)
                    page = context.new_page()
                    page.set_default_timeout(15_000)
                    steps(page, desk)
                    path = FOLDER / f"{name}-{scheme}-{width}.png"
                    page.screenshot(path=str(path))
                    sys.stdout.write(f"{path.relative_to(ROOT)}\n")
                    context.close()
                    tidy(desk, before)
        browser.close()


def tidy(desk: Desk, before: set[str]) -> None:
    """Discard what was written for a picture, or the next ones show it."""
    for draft in desk.drafts():
        if draft["id"] not in before:
            desk.api("DELETE", f"/drafts/{draft['id']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
