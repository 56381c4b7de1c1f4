"""Files that would run something, wherever the desk and the back office show them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Error, Page, expect

from tests.browser.desk.ground import Desk, Maker

CALL = "fetch('taken')"
SCRIPT = f"<script>{CALL}</script>".encode()
SVG = f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{CALL}\">".encode() + SCRIPT + b"</svg>"
PAGE = b"<!DOCTYPE html><html><head>" + SCRIPT + b"</head><body>Hello</body></html>"
XHTML = (
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>'
    + SCRIPT
    + b"</head><body/></html>"
)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS("
    b"app.launchURL\\('taken'\\))>>>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
#: (name, declared type, bytes): what each of them claims to be, and what else it is
FILES = [
    ("page.html", "text/html", PAGE),
    ("page.xhtml", "application/xhtml+xml", XHTML),
    ("drawing.svg", "image/svg+xml", SVG),
    ("photo.png", "image/png", PAGE),
    ("drawing.png", "image/png", SVG),
    ("notes.txt", "text/plain", PAGE),
    ("gif and script.gif", "image/gif", f"GIF89a/*\0\0\0\0*/=1;{CALL}".encode()),
    ("png and page.png", "image/png", PNG + PAGE),
    ("pdf and page.pdf", "application/pdf", PDF + PAGE),
    ("pdf and page.html", "text/html", PDF + PAGE),
    (f"<img src=x onerror={CALL}>.png", "image/png", PNG),
]


@pytest.fixture
def taken(context: BrowserContext) -> list[str]:
    """What the scripts of the files have asked for so far."""
    asked: list[str] = []
    context.on("request", lambda one: asked.append(one.url) if "/taken" in one.url else None)
    return asked


def look_at(page: Page, url: str) -> None:
    """Open an address until it is quiet; a download is as good as a page."""
    try:
        page.goto(url, wait_until="networkidle")
    except Error as error:
        assert "Download is starting" in error.message or "ERR_ABORTED" in error.message


@pytest.mark.parametrize(
    ("content_type", "content"),
    [("text/html", PAGE), ("application/xhtml+xml", XHTML), ("image/svg+xml", SVG)],
)
def test_they_would_run_if_they_were_let(
    desk: Desk, page: Page, taken: list[str], expect_trouble: Callable[[str], None],
    content_type: str, content: bytes,
) -> None:  # fmt: skip
    expect_trouble("404")
    address = f"{desk.url}/bare"
    page.route(address, lambda one: one.fulfill(content_type=content_type, body=content))
    page.route("**/taken", lambda one: one.fulfill(body=""))
    with page.expect_request("**/taken"):
        page.goto(address)
    assert taken


def test_nothing_of_them_runs_in_the_desk(
    desk: Desk, page: Page, taken: list[str], expect_trouble: Callable[[str], None]
) -> None:
    expect_trouble("")  # the browser may say of each what it has kept from running
    pages = len(page.context.pages)
    message = desk.receive_from(files=FILES)
    files = desk.message(message["id"])["attachments"]
    assert [one["filename"] for one in files] == [name for name, _, _ in FILES]
    look_at(page, f"{desk.url}/mail/threads/{message['thread_id']}")
    expect(page.get_by_text("onerror").first).to_be_visible()
    look_at(page, f"{desk.url}/mail/files")
    contents = [f"{desk.url}/api/v1/attachments/{one['id']}/content" for one in files]
    inline = [f"{content}?inline=true" for content in contents]
    for one, address in zip(files, inline, strict=True):
        look_at(page, f"{desk.url}/mail/files/{one['id']}")
        look_at(page, address)
    page.goto(f"{desk.url}/mail/files")
    page.evaluate(EMBED, contents + inline)
    page.wait_for_load_state("networkidle")
    assert taken == []
    assert len(page.context.pages) == pages


#: everything that a page can do with an address to make it run
EMBED = """
async (addresses) => {
  const tags = {script: "src", iframe: "src", embed: "src", object: "data", img: "src"};
  const ready = [];
  for (const [tag, attribute] of Object.entries(tags)) {
    for (const address of addresses) {
      const one = document.createElement(tag);
      ready.push(new Promise((go) => { one.onload = one.onerror = go; setTimeout(go, 300); }));
      one[attribute] = address;
      document.body.append(one);
    }
  }
  await Promise.all(ready);
}
"""


def test_nothing_of_them_runs_in_the_back_office(
    desk: Desk, maker: Maker, context: BrowserContext, taken: list[str],
    expect_trouble: Callable[[str], None],
) -> None:  # fmt: skip
    expect_trouble("")
    desk.receive_from(html="<p>Hello</p>" + SCRIPT.decode(), files=FILES)
    operator = maker.make("make_officer", workspace=desk.workspace, duty="operator")
    context.add_cookies([{"name": "sessionid", "value": operator["session"], "url": desk.url}])
    page = context.new_page()
    look_at(page, f"{desk.url}/admin/attachments/attachment/")
    expect(page.get_by_text("onerror").first).to_be_visible()
    for link in page.locator("#result_list tbody th a").all():
        other = context.new_page()
        look_at(other, desk.url + str(link.get_attribute("href")))
        other.close()
    look_at(page, f"{desk.url}/admin/messaging/message/")
    page.click("#result_list tbody th a")
    page.click("text=Read what it says")
    page.fill("#reason", "a complaint")
    page.click(".ask button")
    expect(page.frame_locator("iframe").locator("p").first).to_have_text("Hello")
    page.wait_for_load_state("networkidle")
    assert taken == []
