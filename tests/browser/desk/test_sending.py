"""Sending, now and later, and taking it back. Numbers are those of the desk's behaviours."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.desk.ground import Desk, axe, throttle
from tests.browser.desk.writing import (
    DRAFT,
    lose_answer,
    make_draft,
    open_composer,
    wait_for_composer,
    wait_until_saved,
)
from tests.services.servers import wait_until

Expect = Callable[[str], None]

READY = {"to": ["ann@example.com"], "subject": "Offer", "text": "Here you are."}
SEND = "draft-sending .send"


def draft_of(desk: Desk) -> dict[str, Any]:
    (draft,) = desk.drafts()
    return draft


def wait_for_state(desk: Desk, state: str) -> dict[str, Any]:
    """The one draft, once it is in this state."""

    def found() -> dict[str, Any] | None:
        draft = draft_of(desk)
        return draft if draft["state"] == state else None

    draft = wait_until(found, what=f"a draft that is {state}", pause=0.05)
    assert draft
    return draft


def berlin(text: str) -> datetime:
    """The instant of a time in the zone of the test's browser."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def sends_at(draft: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(draft["send_at"])


# Now --------------------------------------------------------------------------------------------


def test_from_compose_to_sent_by_keyboard_alone(page: Page, desk: Desk) -> None:
    """47, 52."""
    desk.undo_within(5)
    page.goto(f"{desk.url}/mail/")
    page.keyboard.press("c")
    wait_for_composer(page)
    page.wait_for_selector("recipient-field[name=to] input:focus")
    page.keyboard.type("ann@example.com,")
    for _ in range(20):
        if page.locator("#subject:focus").count():
            break
        page.keyboard.press("Tab")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    for _ in range(20):
        if page.locator("letter-editor [role=textbox]:focus").count():
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Hello Ann")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast:has-text('Sent.') >> text=/Undo \\(\\d+ s\\)/")
    page.wait_for_url("**/inbox")
    draft = draft_of(desk)
    assert draft["subject"] == "By keyboard"
    assert draft["text"].strip() == "Hello Ann"
    desk.wait_for_status(draft["message_id"], "sent")


def test_undo_brings_it_back_as_it_was_with_the_caret(page: Page, desk: Desk) -> None:
    """29."""
    open_composer(page, desk, make_draft(desk, **READY))
    page.focus("#subject")
    page.evaluate("() => document.querySelector('#subject').setSelectionRange(2, 2)")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast >> text=/Undo \\(\\d+ s\\)/")
    assert wait_for_state(desk, "scheduled")["send_at"]
    page.keyboard.press("z")
    page.wait_for_url("**/mail/drafts/*")
    wait_for_composer(page)
    wait_for_state(desk, "open")
    page.wait_for_selector("#subject:focus")
    page.keyboard.type("X")
    assert page.input_value("#subject") == "OfXfer"
    assert page.locator(".toast").count() == 0


@pytest.mark.first_visit
def test_the_time_for_undo_is_the_server_s(page: Page, desk: Desk) -> None:
    """29: a clock that is wrong by hours changes nothing."""
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=7))
    open_composer(page, desk, make_draft(desk, **READY))
    page.click(SEND)
    page.wait_for_selector(".toast >> text=/Undo \\((10|9|8) s\\)/")
    page.clock.run_for(3000)
    page.wait_for_selector(".toast >> text=/Undo \\([567] s\\)/")
    page.clock.run_for(8000)
    page.wait_for_selector(".toast", state="detached")


def test_undo_that_comes_too_late_says_so(page: Page, desk: Desk, expect_trouble: Expect) -> None:
    """29."""
    expect_trouble("409")
    id = make_draft(desk, **READY)
    open_composer(page, desk, id)
    page.click(SEND)
    page.wait_for_selector(".toast >> text=/Undo/")
    desk.api("POST", f"/drafts/{id}/send", json={})
    wait_for_state(desk, "dispatched")
    page.click(".toast >> text=/Undo/")
    page.wait_for_selector(".toast:has-text('It has just left, and cannot be taken back.')")


def test_a_send_whose_answer_is_lost_sends_once(page: Page, desk: Desk) -> None:
    id = make_draft(desk, **READY)
    open_composer(page, desk, id)
    lost = lose_answer(page, "POST", "**/send")
    page.click(SEND)
    page.wait_for_selector(".toast:has-text('Not sent.')")
    assert lost() == 1
    first = draft_of(desk)["message_id"]
    page.click(SEND)
    page.wait_for_selector(".toast >> text=/Undo/")
    assert draft_of(desk)["message_id"] == first
    assert len(desk.api("GET", "/messages?limit=10")["data"]) == 1


def test_it_goes_back_to_where_its_writer_came_from(page: Page, desk: Desk) -> None:
    id = make_draft(desk, **READY)
    page.goto(f"{desk.url}/mail/{desk.inbox}/drafts")
    page.click("a.line")
    wait_for_composer(page)
    page.click(SEND)
    page.wait_for_url(f"**/{desk.inbox}/drafts")
    page.wait_for_selector(".toast >> text=/Undo/")
    assert page.locator(f"[data-draft={id}]").count() == 0


# Before it is sent ------------------------------------------------------------------------------


def test_one_dialog_has_all_that_there_is_to_say(page: Page, desk: Desk) -> None:
    """27, 28."""
    many = [f"p{number}@example.com" for number in range(26)]
    open_composer(page, desk, make_draft(desk, cc=many, text="It is attached."))
    page.click(SEND)
    page.wait_for_selector("dialog[open] h2:has-text('Before it is sent')")
    words = page.inner_text("dialog[open]")
    assert "It has no subject." in words
    assert "26 people will see each other's addresses. Use Bcc." in words
    assert "It speaks of an attachment, and has none." in words
    axe(page)
    page.click("dialog[open] >> text=Send anyway")
    page.wait_for_selector(".toast >> text=/Undo/")
    assert draft_of(desk)["state"] == "scheduled"


def test_what_must_be_mended_is_one_step_away(page: Page, desk: Desk) -> None:
    """28."""
    open_composer(page, desk, make_draft(desk, text="Hello"))
    page.click(SEND)
    page.wait_for_selector("dialog[open] h2:has-text('It cannot be sent like this')")
    assert page.locator("dialog[open] >> text=Send anyway").count() == 0
    page.click("dialog[open] >> text=Go to To")
    page.wait_for_selector("recipient-field[name=to] input:focus")
    page.click(SEND)
    page.wait_for_selector("dialog[open]")
    page.click("dialog[open] >> text=Go to Subject")
    page.wait_for_selector("#subject:focus")
    assert draft_of(desk)["state"] == "open"


def test_a_recipient_that_is_only_typed_is_sent_to(page: Page, desk: Desk) -> None:
    """40."""
    open_composer(page, desk, make_draft(desk, subject="Offer", text="Here you are."))
    page.fill("recipient-field[name=to] input[type=text]", "bo@example.com")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast >> text=/Undo/")
    assert [one["email"] for one in draft_of(desk)["to"]] == ["bo@example.com"]


def test_what_is_no_address_is_not_sent_past(page: Page, desk: Desk) -> None:
    """41."""
    open_composer(page, desk, make_draft(desk, **READY))
    page.fill(
        "recipient-field[name=cc] input[type=text], recipient-field[name=to] input[type=text]",
        "bo at home,",
    )
    page.keyboard.press("Enter")
    page.click(SEND)
    page.wait_for_selector("dialog[open] .finding.error:has-text('bo at home')")
    page.keyboard.press("Escape")
    assert draft_of(desk)["state"] == "open"


def test_a_forgotten_file_is_attached_from_the_dialog(page: Page, desk: Desk) -> None:
    """27."""
    open_composer(page, desk, make_draft(desk, **{**READY, "text": "Siehe Anhang."}))
    page.click(SEND)
    page.wait_for_selector("dialog[open]")
    with page.expect_file_chooser() as chooser:
        page.click("dialog[open] >> text='Attach'")
    chooser.value.set_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b"hello"}])
    page.wait_for_function(f"() => {DRAFT}.attachments.some((one) => one.state === 'ready')")
    page.click(SEND)
    page.wait_for_selector(".toast >> text=/Undo/")


# While files are on their way -------------------------------------------------------------------


def test_sent_while_a_file_uploads_it_waits_for_it_in_a_closed_tab(
    page: Page, desk: Desk, context: BrowserContext, tmp_path: Path
) -> None:
    """15, 19."""
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * 40_000)
    open_composer(page, desk, make_draft(desk, **READY))
    throttle(page, kbytes=600)
    page.set_input_files("draft-files input[type=file]", film)
    page.wait_for_selector("draft-files >> text=film")
    page.click(SEND)
    page.wait_for_selector(".toast:has-text('Sending when 1 file is in.')")
    page.close()
    draft = draft_of(desk)
    assert draft["waiting_for"] and draft["state"] in ("scheduled", "waiting")
    desk.api("POST", f"/drafts/{draft['id']}/send", json={})  # the time for undo is over
    page = context.new_page()
    page.goto(f"{desk.url}/mail/{desk.inbox}/waiting")
    assert "Waits for 1 file" in page.inner_text(".held-row")
    assert "film.bin" in page.inner_text(".held-row")
    axe(page)
    page.click(".held-row >> text=Open it")
    wait_for_composer(page)
    page.wait_for_selector(".held-words:has-text('Sending when 1 file is in.')")
    page.set_input_files("draft-files input[type=file]", film)
    sent = wait_for_state(desk, "dispatched")
    message = desk.wait_for_status(sent["message_id"], "sent")
    assert [one["size"] for one in message["attachments"]] == [film.stat().st_size]


@pytest.mark.parametrize("megabytes", [3, 20])
def test_sent_in_the_moment_in_which_a_file_is_chosen(
    page: Page, desk: Desk, tmp_path: Path, megabytes: int
) -> None:
    """19: a file whose place is kept by now is not its own twin."""
    desk.undo_within(5)
    film = tmp_path / "film.bin"
    film.write_bytes(bytes(range(256)) * 4096 * megabytes)
    open_composer(page, desk, make_draft(desk, **READY))
    page.set_input_files("draft-files input[type=file]", film)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".toast >> text=/Sent|Sending when 1 file is in/")
    sent = wait_for_state(desk, "dispatched")
    message = desk.wait_for_status(sent["message_id"], "sent")
    assert [one["sha256"] for one in message["attachments"]] == [
        sha256(film.read_bytes()).hexdigest()
    ]


def test_what_waits_can_be_taken_back(page: Page, desk: Desk, expect_trouble: Expect) -> None:
    """19."""
    expect_trouble("/api/v1/uploads/")  # it is not uploaded in pieces
    reserved = {"filename": "late.pdf", "size": 1000}
    id = make_draft(desk, **READY, attachments=[reserved])
    open_composer(page, desk, id)
    page.click(SEND)
    page.wait_for_selector(".toast:has-text('Sending when 1 file is in.')")
    page.click(".toast >> text=Undo")
    page.wait_for_url("**/mail/drafts/*")
    wait_for_state(desk, "open")


# Later ------------------------------------------------------------------------------------------


def test_it_is_scheduled_by_keyboard(page: Page, desk: Desk) -> None:
    """30, 47."""
    open_composer(page, desk, make_draft(desk, **READY))
    page.keyboard.press("Control+Shift+Enter")
    page.wait_for_selector("dialog[open] h2:has-text('Send later')")
    axe(page)
    words = page.inner_text("dialog[open] .preset:has-text('Tomorrow morning')")
    assert "08:00" in words
    page.focus("dialog[open] .preset:has-text('Tomorrow morning')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".toast:has-text('Scheduled for')")
    at = sends_at(wait_for_state(desk, "scheduled")).astimezone(ZoneInfo("Europe/Berlin"))
    assert (at.hour, at.minute) == (8, 0)
    assert at.date() == (datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=1)).date()


def test_any_other_time_is_said_in_two_zones(page: Page, desk: Desk) -> None:
    """30."""
    open_composer(page, desk, make_draft(desk, **READY))
    page.click("draft-sending [data-later]")
    page.fill("#send-at", "2027-01-04T08:00")
    page.select_option("#their-zone", "Asia/Tokyo")
    words = page.inner_text(".own-time .when")
    assert re.search(r"Mon,? 4 Jan 2027, 08:00 your time \(Berlin, GMT\+1\)", words)
    assert re.search(r"Mon,? 4 Jan 2027, 16:00 in Tokyo", words)
    page.click("dialog[open] >> text=Schedule")
    page.wait_for_selector(".toast:has-text('Scheduled for')")
    assert sends_at(draft_of(desk)) == berlin("2027-01-04T08:00")
    page.click(".toast >> text=Undo")
    wait_for_composer(page)
    page.click("draft-sending [data-later]")
    page.wait_for_selector("dialog[open] .preset:has-text('The hour of last time')")
    assert page.input_value("#their-zone") == "Asia/Tokyo"


def test_a_time_that_is_over_is_not_taken(page: Page, desk: Desk) -> None:
    open_composer(page, desk, make_draft(desk, **READY))
    page.click("draft-sending [data-later]")
    page.fill("#send-at", "2020-01-01T08:00")
    assert page.inner_text(".own-time .when") == "This time is over."
    assert page.is_disabled("dialog[open] .own-line button")


@pytest.mark.parametrize(
    ("local", "words", "utc"),
    [
        ("2027-03-28T02:30", "skip the hour you chose", "2027-03-28T01:30:00+00:00"),
        ("2027-10-31T02:30", "it leaves the first time", "2027-10-31T00:30:00+00:00"),
    ],
)
def test_the_odd_nights_are_resolved_and_shown(
    page: Page, desk: Desk, local: str, words: str, utc: str
) -> None:
    """30."""
    open_composer(page, desk, make_draft(desk, **READY))
    page.click("draft-sending [data-later]")
    page.fill("#send-at", local)
    assert words in page.inner_text(".own-time .when")
    page.click("dialog[open] .own-line button")
    page.wait_for_selector(".toast:has-text('Scheduled for')")
    assert sends_at(draft_of(desk)) == datetime.fromisoformat(utc)


INSTANTS = [
    ("2026-11-20T08:00", "Asia/Tokyo", "2026-11-19T23:00", "once"),
    ("2026-06-01T00:00", "Asia/Kathmandu", "2026-05-31T18:15", "once"),
    ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30", "skipped"),
    ("2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00", "once"),
    ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30", "twice"),
    ("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00", "once"),
    ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30", "skipped"),
    ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30", "twice"),
    ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45", "twice"),
    ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45", "skipped"),
    ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00", "skipped"),
    ("2026-11-20T08:00", "UTC", "2026-11-20T08:00", "once"),
]


def test_what_clocks_show_is_an_instant(page: Page, desk: Desk) -> None:
    """30."""
    page.goto(f"{desk.url}/mail/")
    for local, zone, utc, kind in INSTANTS:
        found = page.evaluate(
            """async ([local, zone]) => {
                const { at, kind } = (await import("zones")).instantOf(local, zone);
                return [at.toISOString().slice(0, 16), kind];
            }""",
            [local, zone],
        )
        assert found == [utc, kind], (local, zone)


def test_a_zone_is_named_once(page: Page, desk: Desk) -> None:
    """30."""
    page.goto(f"{desk.url}/mail/")
    for zone, name in (("Europe/Berlin", "Berlin, GMT+1"), ("UTC", "UTC")):
        said = page.evaluate(
            """async (zone) => (await import("zones")).nameOf(zone, new Date("2026-11-25"))""", zone
        )
        assert said == name


def test_presets_fit_the_day_and_the_hour(page: Page, desk: Desk) -> None:
    """30."""
    page.goto(f"{desk.url}/mail/")

    def presets(utc: str) -> dict[str, str]:
        found = page.evaluate(
            """async (utc) => (await import("zones")).presets(new Date(utc), "Europe/Berlin")""",
            utc,
        )
        return {one["name"]: one["local"] for one in found}

    assert presets("2026-11-25T08:10:00Z") == {
        "Later today": "2026-11-25T15:00",
        "Tomorrow morning": "2026-11-26T08:00",
        "Tomorrow afternoon": "2026-11-26T13:00",
        "Monday morning": "2026-11-30T08:00",
    }
    sunday_night = presets("2026-11-29T22:30:00Z")
    assert list(sunday_night) == ["Tomorrow morning", "Tomorrow afternoon"]
    assert presets("2026-11-30T10:00:00Z")["Monday morning"] == "2026-12-07T08:00"
    assert presets("2026-11-29T23:30:00Z")["Tomorrow morning"] == "2026-12-01T08:00"


# Held mail --------------------------------------------------------------------------------------


def scheduled(desk: Desk) -> str:
    id = make_draft(desk, **READY)
    desk.api("POST", f"/drafts/{id}/send", json={"send_at": "2027-01-04T07:00:00Z"})
    return id


def test_edit_unschedules_and_offers_the_old_time(page: Page, desk: Desk) -> None:
    """31."""
    scheduled(desk)
    page.goto(f"{desk.url}/mail/{desk.inbox}/scheduled")
    assert "08:00" in page.inner_text(".held-when")
    axe(page)
    page.click(".held-row >> text=Edit")
    wait_for_composer(page)
    wait_for_state(desk, "open")
    page.fill("#subject", "A better offer")
    wait_until_saved(page)
    page.click("draft-sending >> text=/Send .*08:00, as before/")
    page.wait_for_selector(".toast:has-text('Scheduled for')")
    draft = wait_for_state(desk, "scheduled")
    assert sends_at(draft) == berlin("2027-01-04T08:00")
    assert draft["subject"] == "A better offer"


def test_move_asks_for_another_time(page: Page, desk: Desk) -> None:
    """31."""
    scheduled(desk)
    page.goto(f"{desk.url}/mail/{desk.inbox}/scheduled")
    page.wait_for_selector("held-list:defined")
    page.click(".held-row summary")
    page.wait_for_selector("dialog[open] h2:has-text('Another time')")
    assert page.input_value("#send-at") == "2027-01-04T08:00"
    page.fill("#send-at", "2027-01-05T09:30")
    page.click("dialog[open] .own-line button")
    page.wait_for_selector(".held-when:has-text('09:30')")
    assert sends_at(draft_of(desk)) == berlin("2027-01-05T09:30")


def test_what_is_scheduled_is_not_edited_by_accident(page: Page, desk: Desk) -> None:
    """31."""
    id = scheduled(desk)
    open_composer(page, desk, id)
    page.wait_for_selector(".held-words:has-text('It leaves')")
    assert page.evaluate("() => document.querySelector('#subject').closest('[inert]') !== null")
    page.click("draft-sending >> text=Take it back to edit")
    page.wait_for_selector(SEND)
    page.fill("#subject", "Changed")
    wait_until_saved(page)
    assert draft_of(desk)["state"] == "open"
    page.wait_for_selector("draft-sending >> text=/as before/")


def test_do_not_send_leaves_a_draft(page: Page, desk: Desk) -> None:
    """31."""
    scheduled(desk)
    page.goto(f"{desk.url}/mail/{desk.inbox}/scheduled")
    page.click(".held-row >> text=Do not send")
    page.wait_for_selector("text=It will not be sent. It is among the drafts.")
    assert draft_of(desk)["state"] == "open"


def test_a_discarded_draft_comes_back_with_undo(page: Page, desk: Desk) -> None:
    """38."""
    id = make_draft(desk, subject="Perhaps")
    page.goto(f"{desk.url}/mail/{desk.inbox}/drafts")
    page.wait_for_selector("held-list:defined")
    axe(page)
    page.click("[aria-label='Discard: Perhaps']")
    page.wait_for_selector(f"[data-draft={id}]", state="hidden")
    page.keyboard.press("z")
    page.wait_for_selector(f"[data-draft={id}]", state="visible")
    assert [one["id"] for one in desk.drafts()] == [id]


@pytest.mark.first_visit
def test_a_discarded_draft_is_gone_in_a_moment(page: Page, desk: Desk) -> None:
    """38."""
    page.clock.install()
    make_draft(desk, subject="No more")
    page.goto(f"{desk.url}/mail/{desk.inbox}/drafts")
    page.wait_for_selector("held-list:defined")
    page.click("[aria-label='Discard: No more']")
    page.wait_for_selector(".toast:has-text('Draft discarded.')")
    assert len(desk.drafts()) == 1
    page.clock.run_for(9000)
    wait_until(lambda: not desk.drafts(), what="no drafts", pause=0.05)


def test_leaving_the_window_makes_an_end_of_what_was_discarded(page: Page, desk: Desk) -> None:
    """38."""
    open_composer(page, desk, make_draft(desk, subject="No more"))
    page.click("[aria-label='Discard this draft']")
    page.wait_for_selector(".toast:has-text('Draft discarded.')")
    page.goto("about:blank")
    wait_until(lambda: not desk.drafts(), what="no drafts", pause=0.05)


def test_nothing_is_wider_than_a_phone(page: Page, desk: Desk) -> None:
    scheduled(desk)
    make_draft(desk, subject="A long subject " * 10, text="Words " * 50)
    page.set_viewport_size({"width": 320, "height": 640})
    for place in ("scheduled", "drafts", "waiting"):
        page.goto(f"{desk.url}/mail/{desk.inbox}/{place}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 320, place
    open_composer(page, desk, make_draft(desk))
    page.click("draft-sending [data-later]")
    page.wait_for_selector("dialog[open]")
    assert page.evaluate("() => document.querySelector('dialog[open]').scrollWidth") <= 320
