"""Saving by itself, and two on one draft. Numbers are those of the desk's behaviours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.desk.ground import Desk, Watched, axe, offline, server_away
from tests.browser.desk.writing import (
    DRAFT,
    field,
    hold,
    lose_answer,
    make_draft,
    open_composer,
    set_field,
    wait_until_saved,
)
from tests.services.servers import wait_until

Expect = Callable[[str], None]

DRAFTS = "**/api/v1/drafts"
ONE_DRAFT = "**/api/v1/drafts/*"


def saved(desk: Desk, id: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.api("GET", f"/drafts/{id}")
    return found


def wait_for(desk: Desk, id: str, **fields: Any) -> None:
    """Until the server has these fields."""

    def has_them() -> bool:
        draft = saved(desk, id)
        return all(draft[name] == value for name, value in fields.items())

    wait_until(has_them, what=f"a draft with {fields}", pause=0.05)


def save(page: Page) -> None:
    """Save now, and wait for what comes of it."""
    page.evaluate(f"() => {DRAFT}.save()")


# Saving -----------------------------------------------------------------------------------------


@pytest.mark.first_visit
def test_it_is_saved_a_second_after_typing_stops(page: Page, desk: Desk) -> None:
    """34."""
    open_composer(page, desk)
    page.clock.install()
    page.fill("#subject", "Hello")
    page.clock.run_for(900)
    assert page.inner_text(".save-state") == ""
    page.clock.run_for(200)
    page.wait_for_selector(".save-state:has-text('Saved')")
    (draft,) = desk.drafts()
    assert draft["subject"] == "Hello"
    assert page.url.endswith(f"/mail/drafts/{draft['id']}")


@pytest.mark.first_visit
def test_it_is_saved_every_three_seconds_while_somebody_types_on(page: Page, desk: Desk) -> None:
    """34."""
    open_composer(page, desk)
    page.clock.install(time="2026-11-28T08:00:00Z")
    page.clock.pause_at("2026-11-28T08:00:05Z")
    for number in range(7):
        page.fill("#subject", f"Word {number}")
        assert page.inner_text(".save-state") == ""
        page.clock.run_for(450)
    page.wait_for_selector(".save-state:has-text('Saved')")
    assert desk.drafts()[0]["subject"] == "Word 6"


@pytest.mark.first_visit
def test_keys_and_leaving_a_field_save_at_once(page: Page, desk: Desk) -> None:
    """34, 47."""
    open_composer(page, desk)
    page.clock.install()
    page.fill("#subject", "By key")
    page.press("#subject", "Control+s")
    wait_until_saved(page)
    page.fill("#subject", "By leaving")
    page.focus("#inbox_id")
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert desk.drafts()[0]["subject"] == "By leaving"


def test_a_blank_sheet_makes_no_draft(page: Page, desk: Desk) -> None:
    open_composer(page, desk)
    page.press("#subject", "Control+s")
    page.fill("#subject", "x")
    page.fill("#subject", "")
    save(page)
    assert desk.drafts() == []


def test_what_was_just_typed_is_saved_when_the_page_is_left(page: Page, desk: Desk) -> None:
    """34."""
    id = make_draft(desk, subject="Before")
    open_composer(page, desk, id)
    page.fill("#subject", "The last word")
    page.goto(f"{desk.url}/mail/")
    wait_for(desk, id, subject="The last word")


def test_a_slow_first_save_makes_one_draft(page: Page, desk: Desk) -> None:
    """35."""
    open_composer(page, desk)
    let_go = hold(page, "POST", DRAFTS)
    page.fill("#subject", "One")
    page.wait_for_selector(".save-state:has-text('Saving…')")
    page.fill("#subject", "One and only")
    set_field(page, "text", "Hello")
    page.evaluate(f"() => {{ {DRAFT}.save() }}")
    let_go()
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    (draft,) = desk.drafts()
    assert (draft["subject"], draft["text"]) == ("One and only", "Hello")


def test_a_first_save_whose_answer_is_lost_makes_one_draft(page: Page, desk: Desk) -> None:
    """35."""
    open_composer(page, desk)
    lost = lose_answer(page, "POST", DRAFTS)
    page.fill("#subject", "Once")
    save(page)
    assert lost() == 1
    page.fill("#subject", "Once and for all")
    save(page)
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert [one["subject"] for one in desk.drafts()] == ["Once and for all"]


def test_a_late_answer_is_no_fork(page: Page, desk: Desk, expect_trouble: Expect) -> None:
    """35: what was saved without our hearing of it is our own, and contests nothing."""
    expect_trouble("409")
    id = make_draft(desk, subject="Before")
    open_composer(page, desk, id)
    lost = lose_answer(page, "PATCH", ONE_DRAFT)
    page.fill("#subject", "Unheard")
    save(page)
    assert lost() == 1
    assert saved(desk, id)["subject"] == "Unheard"
    page.fill("#subject", "Unheard of")
    save(page)
    wait_for(desk, id, subject="Unheard of")
    assert page.locator("dialog[open]").count() == 0


def test_what_is_changed_back_while_it_is_saved_is_changed_back(page: Page, desk: Desk) -> None:
    """35."""
    id = make_draft(desk, subject="First")
    open_composer(page, desk, id)
    let_go = hold(page, "PATCH", ONE_DRAFT)
    page.fill("#subject", "Second")
    page.evaluate(f"() => {{ {DRAFT}.save() }}")
    page.wait_for_selector(".save-state:has-text('Saving…')")
    page.fill("#subject", "First")
    let_go()
    page.wait_for_function(f"() => {DRAFT}.version >= 3 && {DRAFT}.isSaved")
    assert saved(desk, id)["subject"] == page.input_value("#subject") == "First"


def test_a_field_that_is_refused_holds_no_other_back(
    page: Page, desk: Desk, expect_trouble: Expect
) -> None:
    expect_trouble("40")
    id = make_draft(desk, subject="Before")
    open_composer(page, desk, id)
    set_field(page, "to", [{"email": "not an address", "name": None}])
    page.fill("#subject", "After")
    save(page)
    wait_for(desk, id, subject="After", to=[])
    assert "Not saved" in page.inner_text(".save-state")
    set_field(page, "to", [{"email": "ann@example.com", "name": "Ann"}])
    save(page)
    wait_for(desk, id, to=[{"email": "ann@example.com", "name": "Ann"}])


# The line, and the server -----------------------------------------------------------------------


def test_without_a_line_one_types_on_and_it_is_saved_later(page: Page, desk: Desk) -> None:
    """37."""
    id = make_draft(desk, subject="Before")
    open_composer(page, desk, id)
    with offline(page):
        page.fill("#subject", "In the tunnel")
        save(page)
        page.wait_for_selector(".save-state:has-text('Not saved, trying again')")
        page.fill("#subject", "In the tunnel, still")
        save(page)
        assert saved(desk, id)["subject"] == "Before"
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert saved(desk, id)["subject"] == "In the tunnel, still"
    page.wait_for_selector(".save-state:has-text('Saved')")


def test_losing_the_line_is_said_once(page: Page, desk: Desk) -> None:
    """37."""
    open_composer(page, desk, make_draft(desk))
    page.evaluate(
        """() => {
            window.said = [];
            const live = document.querySelector("#live");
            new MutationObserver(() => window.said.push(live.textContent))
                .observe(live, {childList: true});
        }"""
    )
    with offline(page):
        for word in ("one", "two", "three"):
            page.fill("#subject", word)
            save(page)
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    said = page.evaluate("() => window.said")
    assert len([words for words in said if "Not saved" in words]) == 1


def test_a_server_that_dies_while_it_saves_has_everything_in_the_end(
    page: Page, desk: Desk, expect_trouble: Expect
) -> None:
    """34, 35."""
    expect_trouble("409")  # when it had been saved, and only the answer was lost
    open_composer(page, desk)
    page.fill("#subject", "Before the fall")
    wait_until_saved(page)
    let_go = hold(page, "PATCH", ONE_DRAFT)
    page.fill("#subject", "In the middle")
    page.evaluate(f"() => {{ {DRAFT}.save() }}")
    page.wait_for_selector(".save-state:has-text('Saving…')")
    with server_away(page, desk):
        let_go()
        page.wait_for_selector(".save-state:has-text('Not saved, trying again')")
        page.fill("#subject", "After the fall")
    page.wait_for_function(f"() => {DRAFT}.isSaved", timeout=20_000)
    assert [one["subject"] for one in desk.drafts()] == ["After the fall"]


def test_a_session_that_is_over_loses_nothing(
    page: Page, desk: Desk, context: BrowserContext, expect_trouble: Expect
) -> None:
    expect_trouble("40")
    id = make_draft(desk, subject="Before")
    open_composer(page, desk, id)
    context.clear_cookies(name="sessionid")
    page.fill("#subject", "Signed out")
    save(page)
    page.wait_for_selector(".save-state:has-text('Not saved')")
    desk.sign_in(context)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    wait_for(desk, id, subject="Signed out")


# Two on one draft -------------------------------------------------------------------------------


def test_two_windows_on_different_fields_come_together(
    page: Page, desk: Desk, context: BrowserContext, expect_trouble: Expect
) -> None:
    """36."""
    expect_trouble("409")
    id = make_draft(desk, subject="Plan", to=["ann@example.com"])
    open_composer(page, desk, id)
    other = open_composer(context.new_page(), desk, id)
    other.fill("#subject", "Plan B")
    set_field(page, "to", [{"email": "bo@example.com", "name": None}])
    save(other)
    save(page)
    wait_for(desk, id, subject="Plan B", to=[{"email": "bo@example.com", "name": None}])
    page.wait_for_function("() => document.querySelector('#subject').value === 'Plan B'")
    page.wait_for_selector(".toast:has-text('Changed elsewhere: Subject')")
    other.wait_for_function(f"() => {DRAFT}.fields.to[0].email === 'bo@example.com'")
    assert page.locator("dialog[open]").count() == 0


def test_people_added_on_both_sides_are_all_there(
    page: Page, desk: Desk, expect_trouble: Expect
) -> None:
    """36."""
    expect_trouble("409")
    id = make_draft(desk, to=["ann@example.com", "bo@example.com"])
    open_composer(page, desk, id)
    desk.api(
        "PATCH", f"/drafts/{id}", json={"to": ["ann@example.com", "bo@example.com", "di@x.de"]}
    )
    people = [{"email": "bo@example.com", "name": None}, {"email": "cy@example.com", "name": None}]
    set_field(page, "to", people)
    save(page)
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    emails = [one["email"] for one in saved(desk, id)["to"]]
    assert emails == ["bo@example.com", "di@x.de", "cy@example.com"]


@pytest.mark.parametrize(
    ("button", "kept"), [("Keep mine", "Mine, not theirs"), ("Take theirs", "Theirs")]
)
def test_an_overlap_is_shown_side_by_side(
    page: Page, desk: Desk, expect_trouble: Expect, button: str, kept: str
) -> None:
    """36."""
    expect_trouble("409")
    id = make_draft(desk, subject="Ours")
    open_composer(page, desk, id)
    desk.api("PATCH", f"/drafts/{id}", json={"subject": "Theirs", "cc": ["cy@example.com"]})
    page.fill("#subject", "Mine, not theirs")
    save(page)
    page.wait_for_selector("dialog[open] h2:has-text('Subject: two versions')")
    assert page.inner_text("[aria-label=Mine]") == "Mine, not theirs"
    assert page.inner_text("[aria-label=Theirs]") == "Theirs"
    assert field(page, "cc")[0]["email"] == "cy@example.com"
    axe(page)
    page.click(f"dialog[open] >> text={button}")
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert saved(desk, id)["subject"] == page.input_value("#subject") == kept
    assert page.locator("dialog[open]").count() == 0


def test_of_two_texts_both_can_be_kept(page: Page, desk: Desk, expect_trouble: Expect) -> None:
    """36."""
    expect_trouble("409")
    html = "<div>Dear Ann,</div><div>{}</div><div>Yours</div>"
    id = make_draft(desk, html=html.format("the plan."), text="Dear Ann,\nthe plan.\nYours")
    open_composer(page, desk, id)
    theirs = {"html": html.format("their plan."), "text": "Dear Ann,\ntheir plan.\nYours"}
    desk.api("PATCH", f"/drafts/{id}", json=theirs)
    set_field(page, "html", html.format("my plan."))
    set_field(page, "text", "Dear Ann,\nmy plan.\nYours")
    save(page)
    page.wait_for_selector("dialog[open] h2:has-text('Text: two versions')")
    page.click("dialog[open] >> text=Keep both")
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    draft = saved(desk, id)
    assert draft["text"] == "Dear Ann,\nmy plan.\ntheir plan.\nYours"
    assert draft["html"] == (
        "<div>Dear Ann,</div><div>my plan.</div><div>their plan.</div><div>Yours</div>"
    )


def test_not_deciding_loses_nothing_and_can_be_made_good(
    page: Page, desk: Desk, expect_trouble: Expect
) -> None:
    """36."""
    expect_trouble("409")
    id = make_draft(desk, subject="Ours", to=["ann@example.com"], text="Hi")
    open_composer(page, desk, id)
    desk.api("PATCH", f"/drafts/{id}", json={"subject": "Theirs"})
    page.fill("#subject", "Mine")
    save(page)
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector(".toast:has-text('Not saved: somebody else has changed the same.')")
    assert page.input_value("#subject") == "Mine"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("dialog[open] h2:has-text('two versions')")
    page.click("dialog[open] >> text=Keep mine")
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert saved(desk, id)["subject"] == "Mine"
    assert saved(desk, id)["state"] == "open"


def test_a_colleague_s_files_appear(page: Page, desk: Desk) -> None:
    """36."""
    id = make_draft(desk, subject="Files")
    open_composer(page, desk, id)
    content = {"filename": "theirs.txt", "content": "aGVsbG8="}
    desk.api("POST", f"/drafts/{id}/attachments", json=content)
    page.fill("#subject", "Files and words")
    page.evaluate(f"() => {DRAFT}.reload()")
    page.wait_for_selector("draft-files >> text=theirs")
    page.wait_for_function(f"() => {DRAFT}.isSaved")
    assert [one["filename"] for one in saved(desk, id)["attachments"]] == ["theirs.txt"]
    assert saved(desk, id)["subject"] == "Files and words"


def test_bob_and_alice_write_at_once(
    page: Page, desk: Desk, chromium: Browser, expect_trouble: Expect
) -> None:
    """36."""
    expect_trouble("409")
    id = make_draft(desk, subject="Ours")
    open_composer(page, desk, id)
    of_bob = chromium.new_context(locale="en-GB")
    watched = Watched(of_bob, desk.url)
    watched.expected.append("409")
    desk.sign_in(of_bob, "bob")
    bob = open_composer(of_bob.new_page(), desk, id)
    for number in range(4):
        page.fill("#subject", f"Alice {number}")
        set_field(bob, "text", f"Bob {number}")
        save(bob)
        save(page)
    wait_for(desk, id, subject="Alice 3", text="Bob 3")
    of_bob.close()
    watched.check()


def test_what_was_deleted_elsewhere_can_be_saved_anew(
    page: Page, desk: Desk, expect_trouble: Expect
) -> None:
    """36."""
    expect_trouble("404")
    id = make_draft(desk, subject="Before", to=["ann@example.com"], tags=["offer"])
    content = {"filename": "a.txt", "content": "aGVsbG8="}
    desk.api("POST", f"/drafts/{id}/attachments", json=content)
    open_composer(page, desk, id)
    desk.api("DELETE", f"/drafts/{id}")
    page.fill("#subject", "After")
    save(page)
    page.wait_for_selector("dialog[open] h2:has-text('deleted elsewhere')")
    axe(page)
    page.click("dialog[open] >> text=Save as a new draft")
    page.wait_for_url(lambda url: "/mail/drafts/" in url and id not in url)
    (draft,) = desk.drafts()
    assert draft["subject"] == "After"
    assert [one["email"] for one in draft["to"]] == ["ann@example.com"]
    assert [one["filename"] for one in draft["attachments"]] == ["a.txt"]
    assert draft["tags"] == ["offer"]
    page.fill("#subject", "And on")
    save(page)
    wait_for(desk, draft["id"], subject="And on")


# The rules alone --------------------------------------------------------------------------------

BASE = {"subject": "s", "text": "t", "html": "h", "to": [{"email": "a@x", "name": None}]}
RULES = [
    ({}, {"subject": "x"}, {}, ["subject"], []),
    ({"subject": "y"}, {}, {"subject": "y"}, [], []),
    ({"subject": "y"}, {"text": "x"}, {"subject": "y"}, ["text"], []),
    ({"subject": "y"}, {"subject": "x"}, {"subject": "y"}, [], ["subject"]),
    ({"subject": "x"}, {"subject": "x"}, {}, ["subject"], []),
    ({"html": "m"}, {"text": "x"}, {"html": "m"}, [], ["text"]),
    ({"to": []}, {"to": [{"email": "a@x", "name": None}]}, {"to": []}, [], []),
    ({"to": []}, {"to": [{"email": "b@x", "name": ""}]}, {}, ["to"], []),
    (
        {"to": [{"email": "A@x", "name": "Ann"}]},
        {"to": [{"email": "a@x", "name": None}, {"email": "b@x", "name": None}]},
        {"to": [{"email": "A@x", "name": "Ann"}, {"email": "b@x", "name": None}]},
        ["to"],
        [],
    ),
]


@pytest.mark.parametrize(
    ("mine", "theirs", "fields", "adopted", "contested"), RULES, ids=[str(n) for n in range(9)]
)
def test_what_becomes_of_two_changes(
    page: Page,
    desk: Desk,
    mine: dict[str, Any],
    theirs: dict[str, Any],
    fields: dict[str, Any],
    adopted: list[str],
    contested: list[str],
) -> None:
    """36."""
    page.goto(f"{desk.url}/mail/")
    found = page.evaluate(
        "async (three) => (await import('threeway')).merge(...three)",
        [BASE, mine, {**BASE, **theirs}],
    )
    assert found == {"fields": fields, "adopted": adopted, "contested": contested}
