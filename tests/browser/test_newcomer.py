"""Somebody new: signs in, uploads, writes, sends and sees it, without reading any code."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Page

from attachments.models import Attachment
from drafts.models import Draft
from messaging.outbox.drain import deliver_due
from tests.browser.people import sign_in
from tests.messaging.make import make_inbox
from tests.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

INVOICE = {"name": "Rechnung März.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 \0\xff"}


@pytest.fixture
def newcomer(page: Page, live_server: Any, alice: Person, settings: Any) -> Page:
    """Alice, signed in, with an inbox, at the beginning of the API."""
    settings.PUBLIC_URL = live_server.url
    make_inbox(alice.workspace, address="hello@acme.test", name="Acme")
    sign_in(page, live_server.url, alice)
    page.goto(f"{live_server.url}/api/v1")
    page.wait_for_selector("h1:text-is('API')")
    return page


def answered(page: Page, method: str, status: str) -> dict[str, Any]:
    page.wait_for_selector(f"#answer .asked:has-text('{method} '):has-text('{status}')")
    content = page.inner_text("#answer .json")
    found = json.loads(content[content.index("{") :])
    assert isinstance(found, dict)
    return found


def test_the_whole_way_to_the_outbox_tray(newcomer: Page, live_server: Any) -> None:
    page = newcomer

    page.click("#answer a:text-is('/api/v1/attachments')")
    page.set_input_files("[name=file]", files=[INVOICE])  # type: ignore[list-item]
    page.click("button:text-is('POST with files')")
    uploaded = answered(page, "POST", "201 Created")
    assert uploaded["filename"] == "Rechnung März.pdf"
    assert uploaded["sha256"] == sha256(INVOICE["buffer"]).hexdigest()  # type: ignore[arg-type]

    page.click(".trail >> text=API")
    page.click("#answer a:text-is('/api/v1/drafts')")
    page.select_option("[name=example]", label="With a file that is here")
    body = json.loads(page.input_value("[name=body]"))
    letter = {"to": ["ann@example.com"], "subject": "März", "text": "Attached."}
    page.fill("[name=body]", json.dumps({**letter, **body, "attachments": [uploaded["id"]]}))
    page.click("button:text-is('POST')")
    assert [one["id"] for one in answered(page, "POST", "201 Created")["attachments"]] == [
        uploaded["id"]
    ]

    page.click("#answer a >> nth=0")
    page.click("text=check")
    assert answered(page, "GET", "200 OK")["ok"] is True
    page.go_back()
    page.click("summary >> text=Send a draft")
    page.click("button:text-is('POST send')")
    assert answered(page, "POST", "202 Accepted")["state"] == "dispatched"

    deliver_due()
    page.goto(f"{live_server.url}/mail/outbox")
    assert page.inner_text(".tray h2") == "März"
    assert uploaded["sha256"] in page.inner_text(".tray")
    with page.expect_download() as download:
        page.click("text=Rechnung März.pdf")
    assert download.value.path().read_bytes() == INVOICE["buffer"]


def test_a_draft_as_a_form_with_files(newcomer: Page) -> None:
    newcomer.click("#answer a:text-is('/api/v1/drafts')")
    newcomer.set_input_files("[name=file]", files=[INVOICE, {**INVOICE, "name": "b.pdf"}])  # type: ignore[list-item]
    newcomer.click("button:text-is('POST with files')")
    made = answered(newcomer, "POST", "201 Created")
    assert [one["filename"] for one in made["attachments"]] == ["Rechnung März.pdf", "b.pdf"]
    assert made["subject"] == "Your invoice"


def test_every_first_example_works_as_it_stands(newcomer: Page, live_server: Any) -> None:
    for name in ("attachments", "customers", "drafts", "keys", "messages", "inboxes"):
        newcomer.goto(f"{live_server.url}/api/v1/{name}")
        if name == "inboxes":
            newcomer.fill("[name=body]", '{"address": "second@acme.test"}')
        newcomer.click("form[data-type=json] button")
        answered(newcomer, "POST", "202 Accepted" if name == "messages" else "201 Created")


def test_changing_and_deleting(newcomer: Page, live_server: Any) -> None:
    newcomer.goto(f"{live_server.url}/api/v1/drafts")
    newcomer.click("form[data-type=json] button")
    draft = answered(newcomer, "POST", "201 Created")
    newcomer.click("#answer a >> nth=0")
    newcomer.click("summary:has-text('PATCH')")
    newcomer.click("button:text-is('PATCH')")
    assert answered(newcomer, "PATCH", "200 OK")["version"] == draft["version"] + 1
    newcomer.click("summary:has-text('DELETE') >> nth=0")
    newcomer.click("button:text-is('DELETE')")
    newcomer.wait_for_selector("#answer .asked >> text=204 No Content")
    assert not Draft.objects.exists()


def test_the_docs_run_an_operation_for_whoever_is_signed_in(newcomer: Page) -> None:
    newcomer.click("nav >> text=Docs")
    newcomer.click("#operations-attachments-attachments_create .opblock-summary")
    newcomer.click(".opblock.is-open >> text=Execute")
    newcomer.wait_for_selector(".live-responses-table .response-col_status >> text=201")
    assert Attachment.objects.get().filename == "foo.txt"
