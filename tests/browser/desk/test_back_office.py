"""The back office in Chromium, with real workers: one row, and five thousand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.desk.ground import Desk, Maker, Watched, axe

MANY, FEWER = 5000, 300
#: done to as many as operators have; the others, which would take minutes, to enough for a job
GREAT = ("hold", "revoke")
#: deed -> (list, kind of rows, filter beside the mark, what then is true of each row)
DEEDS = {
    "retry": ("messaging/message", "refused", "status=failed", "state != 'refused'"),
    "hold": ("messaging/message", "queued", "status=scheduled", "delivery = 'held'"),
    "release": ("messaging/message", "held", "status=held", "delivery = 'queued'"),
    "cancel": ("messaging/message", "queued", "status=scheduled", "delivery = 'canceled'"),
    "resolve_sent": ("messaging/message", "unknown", "status=unknown", "state = 'accepted'"),
    "resolve_unsent": ("messaging/message", "unknown", "status=unknown", "state = 'refused'"),
    "lift": ("messaging/suppression", "suppression", "", "is_gone"),
    "revoke": ("tenancy/apikey", "key", "", "is_revoked"),
    "replay": ("events/webhookdelivery", "told", "state__exact=failed", "was_told"),
    "parse": ("messaging/arrival", "unreadable", "state__exact=failed", "is_unread_or_read"),
    "release file": ("attachments/attachment", "quarantined", "scan=quarantined", "is_released"),
    "delete file": ("attachments/attachment", "quarantined", "scan=quarantined", "is_deleted"),
}
FACTS = {
    "messaging/message": (
        "SELECT count(*) FROM (SELECT d.state AS delivery, r.state AS state"
        " FROM messaging_message m JOIN messaging_delivery d ON d.message_id = m.id"
        " JOIN messaging_recipient r ON r.delivery_id = d.id WHERE m.subject LIKE '{mark} %')"
        " WHERE {fact}"
    ),
    "is_gone": ("SELECT {number} - count(*) FROM messaging_suppression WHERE email LIKE '{mark}%'"),
    "is_revoked": (
        "SELECT count(*) FROM tenancy_apikey WHERE name LIKE '{mark} %' AND revoked_at IS NOT NULL"
    ),
    "was_told": (
        "SELECT count(*) FROM events_webhookdelivery d JOIN events_webhookendpoint e"
        " ON e.id = d.endpoint_id WHERE e.url LIKE '%{mark}.%' AND d.tries < 9"
    ),
    "is_released": (
        "SELECT count(*) FROM attachments_attachment WHERE filename LIKE '{mark} %'"
        " AND state = 'ready' AND reason_code = 'released'"
    ),
    "is_deleted": (
        "SELECT count(*) FROM attachments_attachment WHERE filename LIKE '{mark} %'"
        " AND deleted_at IS NOT NULL"
    ),
    "is_unread_or_read": (
        "SELECT count(*) FROM messaging_arrival WHERE recipient LIKE '{mark}@%'"
        " AND state != 'failed'"
    ),
}
HANDLED = (
    "SELECT count(DISTINCT subject_id) FROM events_event WHERE kind LIKE '%.handled'"
    " AND json_extract(payload, '$.reason') = '{mark}' AND actor LIKE 'user:usr_%'"
    " AND json_extract(payload, '$.action') = '{deed}'"
)


@pytest.fixture
def office(chromium: Browser, desk: Desk, maker: Maker) -> Iterator[BrowserContext]:
    """The browser of an operator of Alice's workspace."""
    context = chromium.new_context(locale="en-GB", timezone_id="Europe/Berlin")
    context.set_default_timeout(20_000)
    watched = Watched(context, desk.url)
    operator = maker.make("make_officer", workspace=desk.workspace, duty="operator")
    context.add_cookies([{"name": "sessionid", "value": operator["session"], "url": desk.url}])
    context.__dict__["watched"] = watched
    yield context
    context.close()
    watched.check()


def true_of(desk: Desk, deed: str, mark: str, number: int) -> int:
    """How many of the rows are what the deed makes of them, past the code under test."""
    pages, _, _, fact = DEEDS[deed]
    question = FACTS.get(fact) or FACTS[pages]
    return int(desk.installation.rows(question.format(mark=mark, fact=fact, number=number))[0][0])


def handled(desk: Desk, deed: str, mark: str) -> int:
    """For how many rows the log says that an operator did it for this reason."""
    question = HANDLED.format(mark=mark, deed=deed.removesuffix(" file"))
    return int(desk.installation.rows(question)[0][0])


def give_reason(page: Page, deed: str, mark: str, number: int) -> None:
    page.select_option("select[name=action]", deed.removesuffix(" file"))
    page.click("button[name=index]")
    expect(page.locator("#count")).to_have_text(str(number))
    page.fill("#reason", mark)
    page.click(".ask button")
    expect(page.locator("#state")).to_have_text("Over", timeout=900_000)
    expect(page.locator("#done")).to_have_text(str(number))
    expect(page.locator("#left")).to_have_text("0")


def open_list(page: Page, desk: Desk, deed: str, mark: str) -> None:
    pages, _, query, _ = DEEDS[deed]
    page.goto(f"{desk.url}/admin/{pages}/?{query}&q={mark}")


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_done_to_one_row(office: BrowserContext, desk: Desk, maker: Maker, deed: str):
    mark = f"one{deed.replace('_', '').replace(' ', '')}{desk.workspace[-6:]}"
    maker.make("make_rows", workspace=desk.workspace, kind=DEEDS[deed][1], number=3, mark=mark)
    page = office.new_page()
    open_list(page, desk, deed, mark)
    page.check("#result_list tbody tr:nth-child(1) input[name=_selected_action]")
    give_reason(page, deed, mark, 1)
    assert (true_of(desk, deed, mark, 3), handled(desk, deed, mark)) == (1, 1)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_done_to_all_that_match(
    office: BrowserContext, desk: Desk, maker: Maker, deed: str
):
    mark = f"all{deed.replace('_', '').replace(' ', '')}{desk.workspace[-6:]}"
    many = MANY if deed in GREAT else FEWER
    maker.make("make_rows", workspace=desk.workspace, kind=DEEDS[deed][1], number=many, mark=mark)
    other = f"hay{mark}"
    maker.make("make_rows", workspace=desk.workspace, kind="key", number=2, mark=other[::-1])
    page = office.new_page()
    open_list(page, desk, deed, mark)
    page.check("#action-toggle")
    page.click(".actions .question a")
    give_reason(page, deed, mark, many)
    assert (true_of(desk, deed, mark, many), handled(desk, deed, mark)) == (many, many)


def test_a_job_is_stopped_on_its_way(office: BrowserContext, desk: Desk, maker: Maker):
    mark = f"stop{desk.workspace[-6:]}"
    maker.make("make_rows", workspace=desk.workspace, kind="queued", number=MANY, mark=mark)
    page = office.new_page()
    open_list(page, desk, "hold", mark)
    page.check("#action-toggle")
    page.click(".actions .question a")
    page.select_option("select[name=action]", "hold")
    page.click("button[name=index]")
    page.fill("#reason", mark)
    page.click(".ask button")
    page.click(".job button")
    expect(page.locator("#state")).to_have_text("Stopped", timeout=60_000)
    done = int(page.inner_text("#done"))
    assert done < MANY and int(page.inner_text("#left")) == MANY - done
    assert (true_of(desk, "hold", mark, MANY), handled(desk, "hold", mark)) == (done, done)


def test_an_operator_reads_a_body_in_a_sandbox(office: BrowserContext, desk: Desk):
    script = "<p>Words <b>for Ann</b></p><script>document.title = 'taken'</script>"
    id = desk.receive_from(html=script)["id"]
    page = office.new_page()
    page.goto(f"{desk.url}/admin/messaging/message/")
    page.click("#result_list tbody th a")
    assert "for Ann" not in page.content()
    page.click("text=Read what it says")
    page.fill("#reason", "a complaint")
    page.click(".ask button")
    frame = page.frame_locator("iframe")
    expect(frame.locator("b")).to_have_text("for Ann")
    assert "taken" not in page.title()
    with page.expect_download() as download:
        page.click("text=The whole mail")
    assert download.value.suggested_filename == f"{id}.eml"
    assert b"for Ann" in Path(download.value.path()).read_bytes()
    events = desk.api("GET", f"/messages/{id}/events")["data"]
    assert [one["data"] for one in events if one["kind"] == "message.opened"] == [
        {"reason": "a complaint"}
    ]


def test_a_message_is_sent_anew_to_one_of_two(office: BrowserContext, desk: Desk):
    letter = {
        "inbox_id": desk.inbox,
        "to": [{"email": "ann@example.com"}, {"email": "bo@example.com"}],
        "subject": "For two",
        "text": "Hello",
    }
    id = desk.api("POST", "/messages", json=letter)["id"]
    desk.wait_for_status(id, "sent")
    page = office.new_page()
    page.goto(f"{desk.url}/admin/messaging/message/")
    page.click("#result_list tbody th a")
    page.click("text=Resend")
    page.check("input[value='bo@example.com']")
    page.fill("#reason", "Bo has lost it")
    page.click(".ask button")
    expect(page.locator(".messagelist")).to_have_text(re.compile("new message"))
    new, old = desk.api("GET", "/messages")["data"][:2]
    assert old["id"] == id
    assert [one["email"] for one in desk.message(new["id"])["recipients"]] == ["bo@example.com"]


def test_what_goes_next_is_shown_and_taken_for_a_reason(
    office: BrowserContext, desk: Desk, maker: Maker
):
    mark = f"keep{desk.workspace[-6:]}"
    maker.make("make_rows", workspace=desk.workspace, kind="trashed", number=3, mark=mark)
    page = office.new_page()
    page.goto(f"{desk.url}/admin/retention")
    expect(page.locator("#rule-trash .now")).to_contain_text("3 (")
    expect(page.locator("[aria-labelledby=first-trash] a").first).to_contain_text(mark)
    page.click("#rule-trash a")
    expect(page.locator("#count")).to_have_text("3")
    page.fill("#reason", mark)
    page.click(".ask button")
    gone = page.locator("[aria-labelledby=runs] tr", has_text=mark)
    ended = gone.filter(has_text="done")
    for _ in range(60):
        if ended.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(ended.locator("td").nth(3)).to_have_text("3")
    page.reload()  # it may have counted before they went, and listed the runs after
    expect(page.locator("#rule-trash .now")).to_contain_text("0 (")


#: pages, and what of them is ours
PAGES = {
    "": ".board",
    "messaging/message/": "#changelist-filter",
    "messaging/message/{id}/change/": ".part, .deeds, .doors",
    "messaging/message/{id}/open": ".ask",
    "messaging/message/{id}/resend": ".ask",
    "messaging/delivery/": "#changelist-filter",
    "events/event/": ".object-tools",
    "backoffice/job/": "",
    "retention": ".board",
}


@pytest.mark.quick
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_are_fit_for_everybody(
    office: BrowserContext, desk: Desk, maker: Maker, scheme: Any, width: int
):
    words = {"workspace": desk.workspace, "kind": "refused", "number": 3, "mark": "Fit"}
    (id, *_) = maker.make("make_rows", **words)
    page = office.new_page()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for path, ours in PAGES.items():
        page.goto(f"{desk.url}/admin/{path.format(id=id)}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        if ours:
            axe(page, within=ours, preload=False)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 25, 28)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_whoever_chooses_a_theme_gets_it_whatever_the_system_says(
    office: BrowserContext, desk: Desk, theme: str
):
    page = office.new_page()
    page.emulate_media(color_scheme="light" if theme == "dark" else "dark")
    page.goto(f"{desk.url}/admin/")
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 25, 28)"}[theme]
