"""Files on their way: seen, stopped, interrupted, gone on with; and the bytes that arrive."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Route

from tests.browser.desk.attached import (
    MIB,
    carried,
    choose,
    compose,
    cut,
    heard,
    listen,
    make_file,
    names,
    requests_of,
    row,
    said,
    wait_for,
    wait_for_names,
)
from tests.browser.desk.ground import Desk, axe, drop, server_away, shifts, throttle
from tests.services.servers import wait_until

Expect = Callable[[str], None]
SLOW = 1000  # kilobytes a second


@pytest.fixture
def writing(page: Page, desk: Desk) -> Page:
    """A composer that takes files."""
    compose(page, desk)
    return page


def percent(page: Page, name: str) -> int:
    """How far a file is, as its progress bar says."""
    return int(page.eval_on_selector(f"{row(page, name)} progress", "one => one.value"))


def wait_for_percent(page: Page, name: str, wanted: int) -> None:
    page.wait_for_function(
        "([row, wanted]) => document.querySelector(`${row} progress`)?.value >= wanted",
        arg=[row(page, name), wanted],
        timeout=30_000,
    )


def digest_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_progress_is_seen_and_heard_and_moves_nothing(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """11, 49"""
    listen(writing)
    throttle(writing, kbytes=SLOW)
    choose(writing, make_file(tmp_path, "film.bin", size=3 * MIB))
    wait_for_percent(writing, "film.bin", 5)
    bar = writing.get_by_role("progressbar", name="film.bin")
    height = writing.locator(row(writing, "film.bin")).bounding_box()
    before = shifts(writing)
    wait_for_percent(writing, "film.bin", 75)
    assert bar.get_attribute("max") == "100"
    words = r"\d\.\d of 3 MB · \d\d %( · \d s left · \d+ KB/s)?"
    assert re.fullmatch(words, said(writing, "film.bin"))
    assert writing.locator(row(writing, "film.bin")).bounding_box() == height
    throttle(writing, kbytes=0)
    wait_for(writing, "film.bin", "ready")
    assert shifts(writing) == before
    writing.wait_for_function("() => window.heard.includes('film.bin uploaded')")
    marks = [one for one in heard(writing) if one.startswith("film.bin")]
    assert marks == [
        "film.bin, uploading",
        *[one for one in ("film.bin, 25 %", "film.bin, 50 %") if one in marks],
        "film.bin, 75 %",
        "film.bin uploaded",
    ]


def test_ten_files_are_told_of_as_ten(writing: Page, desk: Desk, tmp_path: Path) -> None:
    """49: no chatter."""
    listen(writing)
    choose(writing, *(make_file(tmp_path, f"{n}.bin", size=1000 + n) for n in range(10)))
    writing.wait_for_function("() => window.heard.includes('10 files uploaded')")
    assert [one for one in heard(writing) if ".bin" in one] == []


def test_of_what_is_cancelled_nothing_stays(writing: Page, desk: Desk, tmp_path: Path) -> None:
    """12: neither of what comes as a form, nor of what comes in pieces."""
    throttle(writing, kbytes=SLOW)
    choose(writing, *(make_file(tmp_path, f"{n}.bin", size=n * 3 * MIB) for n in (1, 4)))
    wait_for_percent(writing, "1.bin", 1)
    wait_until(lambda: carried(writing, desk), what="the place of the large one", pause=0.05)
    writing.click('[aria-label="Cancel 1.bin"]')
    assert names(writing) == ["4.bin"]
    assert writing.evaluate("document.activeElement.ariaLabel") == "Cancel 4.bin"
    writing.click('[aria-label="Cancel 4.bin"]')
    throttle(writing, kbytes=0)
    wait_for_names(writing, desk)
    files = "/attachments?state=reserved"
    wait_until(lambda: not desk.api("GET", files)["data"], what="an empty shelf", pause=0.05)


def test_all_can_be_cancelled_at_once(writing: Page, desk: Desk, tmp_path: Path) -> None:
    """12"""
    throttle(writing, kbytes=SLOW)
    choose(writing, *(make_file(tmp_path, f"{n}.bin", size=MIB + n) for n in range(3)))
    wait_for_percent(writing, "0.bin", 1)
    writing.click("text=Cancel all")
    assert names(writing) == []
    throttle(writing, kbytes=0)
    wait_for_names(writing, desk)


@pytest.mark.slow
def test_without_a_network_files_pause_and_go_on_by_themselves(
    writing: Page, desk: Desk, tmp_path: Path, expect_trouble: Expect
) -> None:
    """14: from the byte that was reached; said once, not for each file."""
    expect_trouble("423 ")
    throttle(writing, kbytes=2000)
    large, small = (make_file(tmp_path, f"{n}.bin", size=n * MIB) for n in (20, 2))
    choose(writing, large, small)
    wait_for_percent(writing, "20.bin", 42)  # past the first piece
    cut(writing)
    wait_for(writing, "20.bin", "paused")
    writing.wait_for_selector(".draft-files-notice >> text=There is no connection.")
    sent = requests_of(writing, header="upload-offset")
    throttle(writing, kbytes=0)
    wait_for(writing, "20.bin", "ready")
    wait_for(writing, "2.bin", "ready")
    offsets = [int(one.split()[-1]) for one in sent if one.startswith("PATCH")]
    assert offsets[0] >= 8 * MIB
    assert writing.locator(".draft-files-notice").is_hidden()
    digests = {one["filename"]: one["sha256"] for one in carried(writing, desk)}
    assert digests == {path.name: digest_of(path) for path in (large, small)}


@pytest.mark.slow
def test_the_server_may_die_in_the_middle(
    writing: Page, desk: Desk, tmp_path: Path, expect_trouble: Expect
) -> None:
    """13, 14: the bytes that arrive are those that were sent."""
    expect_trouble("423 ")
    throttle(writing, kbytes=4000)
    file = make_file(tmp_path, "disk.bin", size=20 * MIB)
    drop(writing, [file])
    wait_for_percent(writing, "disk.bin", 30)
    with server_away(writing, desk):
        wait_for(writing, "disk.bin", "paused")
    throttle(writing, kbytes=0)
    wait_for(writing, "disk.bin", "ready")
    [arrived] = carried(writing, desk)
    assert (arrived["size"], arrived["sha256"]) == (20 * MIB, digest_of(file))


@pytest.mark.slow
def test_after_a_reload_the_same_file_goes_on(
    writing: Page, desk: Desk, tmp_path: Path, expect_trouble: Expect
) -> None:
    """15, 17: closing asks; another file is told from the same one."""
    expect_trouble("423 ")
    throttle(writing, kbytes=4000)
    file = make_file(tmp_path, "disk.bin", size=20 * MIB)
    choose(writing, file)
    wait_for_percent(writing, "disk.bin", 42)
    writing.wait_for_url(re.compile("/mail/drafts/"))
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    writing.on("dialog", leave)
    writing.reload()
    assert asked == ["beforeunload"]
    wait_for(writing, "disk.bin", "half-done")
    half_done = re.compile(r"Half-done: \d+\.\d of 20 MB\. Choose the same")
    wait_until(lambda: half_done.search(said(writing, "disk.bin")), what="how far it had come")
    axe(writing, within="draft-files")

    other = make_file(tmp_path, "other/disk.bin", content=bytes(20 * MIB))
    with writing.expect_file_chooser() as chooser:
        writing.click('[aria-label="Choose file: disk.bin"]')
    chooser.value.set_files(other)
    writing.wait_for_selector("text=is another file than the half-done disk.bin")

    throttle(writing, kbytes=0)
    made = requests_of(writing)
    drop(writing, [file])
    wait_for(writing, "disk.bin", "ready")
    assert names(writing) == ["disk.bin"]
    assert [one for one in made if one.startswith("POST") and one.endswith("/uploads")] == []
    [arrived] = carried(writing, desk)
    assert arrived["sha256"] == digest_of(file)
    writing.reload()
    assert asked == ["beforeunload"]


def test_files_belong_to_their_draft_and_go_on_on_other_pages(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """18: two drafts at once, and a page between them."""
    one, two = (make_file(tmp_path, f"{n}.bin", size=3 * MIB + n) for n in (1, 2))
    throttle(writing, kbytes=SLOW)
    writing.fill("#subject", "Invoice")
    choose(writing, one)
    writing.wait_for_url(re.compile("/mail/drafts/"))
    first = writing.url
    writing.click("#bar .compose")
    writing.wait_for_selector("uploads-bar >> text=1 file is uploading to “Invoice”")
    writing.wait_for_function("() => document.querySelector('draft-files')?.draft?.isBlank")
    choose(writing, two)
    wait_for_percent(writing, "2.bin", 1)
    assert names(writing) == ["2.bin"]
    writing.click("uploads-bar >> text=Invoice")
    writing.wait_for_url(first)
    wait_for_percent(writing, "1.bin", 1)
    throttle(writing, kbytes=0)
    wait_for(writing, "1.bin", "ready")
    writing.wait_for_selector("uploads-bar", state="hidden")
    files = {draft["subject"]: draft["attachments"] for draft in desk.drafts()}
    assert {subject: [one["sha256"] for one in found] for subject, found in files.items()} == {
        "Invoice": [digest_of(one)],
        "": [digest_of(two)],
    }


def fail_attaching(page: Page, status: int, body: dict[str, Any]) -> list[str]:
    """Have the server answer so to whatever is attached; gives what was asked."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            route.fallback()
            return
        asked.append(route.request.headers["idempotency-key"])
        route.fulfill(status=status, json={"error": body})

    page.route("**/api/v1/drafts/*/attachments", answer)
    return asked


@pytest.mark.first_visit
def test_it_is_tried_again_three_times_and_then_by_hand(
    writing: Page, desk: Desk, tmp_path: Path, expect_trouble: Expect
) -> None:
    """13: with a reason, and never twice at the server."""
    expect_trouble("500 ")
    writing.clock.install()
    asked = fail_attaching(writing, 500, {"code": "error", "message": "Something went wrong."})
    choose(writing, make_file(tmp_path, "a.bin", size=1000))
    for tries in (1, 2, 3, 4):
        while len(asked) < tries:
            writing.evaluate("() => new Promise(requestAnimationFrame)")
        if tries < 4:
            wait_for(writing, "a.bin", "waiting")
        writing.clock.fast_forward(10_000)
    wait_for(writing, "a.bin", "failed")
    assert said(writing, "a.bin") == "Tried 4 times. Something went wrong."
    assert len(set(asked)) == 1
    writing.unroute("**/api/v1/drafts/*/attachments")
    writing.click('[aria-label="Retry: a.bin"]')
    wait_for(writing, "a.bin", "ready")
    wait_for_names(writing, desk, "a.bin")


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, {"code": "unauthenticated", "message": "No."}, "You are signed out. Sign in again"),
        (413, {"code": "file_too_large", "message": "Too large for us."}, "Too large for us."),
        (415, {"code": "type_blocked", "message": "Not here."}, "Not here."),
        (422, {"code": "digest_mismatch", "message": "Other bytes."}, "Other bytes."),
    ],
)
def test_what_will_not_go_better_is_not_tried_again(
    writing: Page, tmp_path: Path, expect_trouble: Expect, status: int, error: Any, words: str
) -> None:
    """13"""
    expect_trouble(f"{status} ")
    asked = fail_attaching(writing, status, error)
    choose(writing, make_file(tmp_path, "a.bin", size=1000))
    wait_for(writing, "a.bin", "failed")
    assert said(writing, "a.bin").startswith(words)
    assert len(asked) == 1
    assert writing.locator('[aria-label="Retry: a.bin"]').is_visible() == (status == 401)


def test_the_draft_can_hold_all_files_before_their_bytes_are_in(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    """19: so that a mail can be sent, and waits for them."""
    throttle(writing, kbytes=SLOW)
    paths = [make_file(tmp_path, f"{n}.bin", size=MIB // 2 + n) for n in range(6)]
    choose(writing, *paths, make_file(tmp_path, "large.bin", size=10 * MIB))
    wait_for_percent(writing, "0.bin", 1)
    writing.evaluate("""() => {
        const {draft} = document.querySelector("draft-files");
        import("uploads").then(({uploads}) => uploads.reserveAll(draft)).then(() => {
            window.isHeld = true;
        });
    }""")
    writing.wait_for_function("() => window.isHeld", timeout=30_000)
    states = {one["filename"]: one["state"] for one in carried(writing, desk)}
    assert len(states) == 7
    assert states["large.bin"] == "reserved"
    throttle(writing, kbytes=0)
    for path in paths:
        wait_for(writing, path.name, "ready")
    wait_for(writing, "large.bin", "ready")
    digests = {one["filename"]: one["sha256"] for one in carried(writing, desk)}
    assert all(digests[path.name] == digest_of(path) for path in paths)


def test_what_another_window_takes_out_is_not_sent_any_more(
    writing: Page, desk: Desk, tmp_path: Path
) -> None:
    throttle(writing, kbytes=SLOW)
    choose(writing, make_file(tmp_path, "large.bin", size=10 * MIB))
    wait_for_percent(writing, "large.bin", 1)
    [file] = carried(writing, desk)
    draft = desk.drafts()[0]
    desk.api("DELETE", f"/drafts/{draft['id']}/attachments/{file['id']}")
    writing.evaluate("document.querySelector('draft-files').draft.reload()")
    writing.wait_for_selector(".draft-file", state="detached")
    assert writing.evaluate("import('uploads').then(({uploads}) => uploads.busy.length)") == 0
