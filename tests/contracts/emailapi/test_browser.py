"""The document's own JavaScript in a browser, with a file input."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, SWITCHES, look_for_chromium
from tests.contracts.emailapi.document import json_of, text_of
from tests.live.office import digest_of
from tests.sdks.fixtures import Live

pytestmark = [
    pytest.mark.browser,
]

DOCUMENT = b"%PDF-1.7\n" + bytes(range(256)) * 99
FILE_INPUT = """
    const fileInput = document.createElement("input");
    fileInput.type = "file";
    document.body.append(fileInput);
"""


@pytest.fixture
def page() -> Iterator[Page]:
    look_for_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=SWITCHES)
        yield browser.new_page()
        browser.close()


def test_r35_a_form_with_the_file_alone_is_uploaded_and_sent(live_url: Live, page: Page) -> None:
    page.goto(live_url.url)
    page.evaluate(f"() => {{ {FILE_INPUT} }}")
    file = {"name": "Vertrag März.pdf", "mimeType": "application/pdf", "buffer": DOCUMENT}
    page.set_input_files("input[type=file]", [file])
    source = text_of("upload-and-send.js", KEY=live_url.key, SENDER=live_url.inbox)
    with page.expect_response("**/api/email/send") as sending:
        page.evaluate(
            f"async () => {{ const fileInput = document.querySelector('input[type=file]');"
            f"\n{source} }}"
        )
    sent = json.loads(sending.value.body())["data"]
    assert sending.value.status == 200
    found = live_url.installation.call(
        "GET", f"/api/email/attachments/{sent['attachments'][0]['id']}", key=live_url.key
    ).json()
    assert list(found["data"]) == list(json_of("retrieve.response")["data"])
    assert found["data"]["filename"] == "Vertrag März.pdf"
    (carried,) = live_url.message(sent["messageId"])["attachments"]
    assert carried["sha256"] == digest_of(DOCUMENT)
