"""Writing the text of a letter."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.desk.ground import Desk, axe
from tests.services.servers import wait_until

SURFACE = "letter-editor .surface"
PASTE = """
([selector, html, text]) => {
  const clipboardData = new DataTransfer();
  if (html) clipboardData.setData("text/html", html);
  if (text) clipboardData.setData("text/plain", text);
  const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
  document.querySelector(selector).dispatchEvent(event);
}
"""
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal
{mso-style-parent:"";margin:0cm;font-family:"Calibri"}</style></head><body>
<p class=MsoNormal style='mso-margin-top-alt:auto'><b><span lang=EN style='font-size:20.0pt;
color:red'>Offer<o:p></o:p></span></b></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>\u00b7
&nbsp;</span>One</p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>\u00b7
&nbsp;</span>Two</p></body></html>"""
SHEET = """<google-sheets-html-origin><style>td{border:1px}</style><table dir="ltr"
style="width:0px"><colgroup><col width="100"></colgroup><tbody><tr><td style="color:red">A1</td>
<td>B1</td></tr><tr><td>A2</td><td>B2</td></tr></tbody></table></google-sheets-html-origin>"""


def open_sheet(page: Page, desk: Desk, path: str = "/mail/compose") -> Locator:
    """The text of a sheet, once it can be written."""
    page.goto(desk.url + path)
    page.wait_for_selector("letter-editor .letter-tools")
    return page.locator(SURFACE)


def kept(desk: Desk, **wanted: str) -> dict[str, Any]:
    """The newest draft, once each of these fields has these words in it."""

    def found() -> dict[str, Any] | None:
        drafts = desk.drafts()
        if not drafts:
            return None
        draft = desk.api("GET", f"/drafts/{drafts[0]['id']}")
        fits = all(words in (draft[name] or "") for name, words in wanted.items())
        return draft if fits else None

    draft = wait_until(found, what=f"a draft with {wanted}", pause=0.1)
    assert draft
    return draft


def path_of(draft: dict[str, Any]) -> str:
    return f"/mail/drafts/{draft['id']}"


def answer(page: Page, desk: Desk, message: dict[str, Any], how: str) -> Locator:
    """The text of the draft that a button of a message makes."""
    page.goto(f"{desk.url}/mail/threads/{message['thread_id']}")
    page.locator(f"[data-answer={how}]").last.click()
    page.wait_for_selector("letter-editor .letter-tools")
    return page.locator(SURFACE)


def pressed(page: Page) -> list[str]:
    """The buttons that are in force where the caret is."""
    buttons = page.locator(".letter-tools [aria-pressed=true]")
    return [str(one.get_attribute("data-do")) for one in buttons.all()]


def test_what_is_written_is_kept_as_html_and_as_text(page: Page, desk: Desk) -> None:
    surface = open_sheet(page, desk)
    expect(page.get_by_role("combobox", name="To")).to_be_focused()
    axe(page)
    surface.click()
    page.keyboard.type("Dear ")
    page.keyboard.press("Control+b")
    page.keyboard.type("Ann")
    assert pressed(page) == ["bold"]
    page.keyboard.press("Control+b")
    page.keyboard.type(", hello")
    page.keyboard.press("Enter")
    page.keyboard.type("* one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Bye")
    draft = kept(desk, text="Bye")
    assert draft["text"] == "Dear Ann, hello\n- one\n- two\nBye"
    assert re.sub("&nbsp;", " ", draft["html"]) == (
        '<div dir="auto">Dear <b>Ann</b>, hello</div>'
        '<ul><li dir="auto">one</li><li dir="auto">two</li></ul><div dir="auto">Bye</div>'
    )
    page.wait_for_url(f"**{path_of(draft)}")
    axe(page)


def test_the_tools_are_one_stop_of_the_tab_key(page: Page, desk: Desk) -> None:
    open_sheet(page, desk).click()
    page.keyboard.type("word")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Tab")
    bold = page.get_by_role("button", name="Bold")
    expect(bold).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Italic")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(SURFACE)).to_be_focused()
    assert pressed(page) == ["italic"]
    assert "<i>word</i>" in kept(desk, html="<i>")["html"]
    page.keyboard.press("Alt+F10")
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Plain text")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(SURFACE)).to_be_focused()


def test_an_address_that_is_pasted_on_words_links_them(page: Page, desk: Desk) -> None:
    """desk.md 46."""
    open_sheet(page, desk).click()
    page.keyboard.type("our plans")
    page.keyboard.press("Shift+Control+ArrowLeft")
    page.evaluate(PASTE, [SURFACE, "", "https://example.com/plans"])
    draft = kept(desk, html="href")
    assert '<a href="https://example.com/plans">plans</a>' in draft["html"]
    assert draft["text"] == "our plans <https://example.com/plans>"


def test_a_link_is_asked_for_and_changed(page: Page, desk: Desk) -> None:
    open_sheet(page, desk).click()
    page.keyboard.type("plans")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Control+k")
    address = page.get_by_label("Address")
    expect(address).to_be_focused()
    page.keyboard.type("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(page.locator("#link-problem")).to_have_text(re.compile("begins with https"))
    axe(page, within="dialog[open]")
    address.fill("example.com/plans")
    page.keyboard.press("Enter")
    assert 'href="https://example.com/plans"' in kept(desk, html="href")["html"]
    expect(page.locator(SURFACE)).to_be_focused()
    page.keyboard.press("Control+k")
    page.get_by_role("button", name="Remove the link").click()
    wait_until(lambda: "href" not in kept(desk, text="plans")["html"], what="no link", pause=0.1)


@pytest.mark.parametrize(
    ("html", "text", "kept_html"),
    [
        (WORD, "Offer\n\n- One\n- Two", r"<b>Offer</b>.*<ul><li>One</li>\s*<li>Two</li></ul>"),
        (SHEET, "A1\tB1\nA2\tB2", r"<td>A1</td>\s*<td>B1</td>"),
    ],
    ids=["Word", "Sheets"],
)
def test_what_office_programs_paste_keeps_its_words_only(
    page: Page, desk: Desk, html: str, text: str, kept_html: str
) -> None:
    """desk.md 46."""
    open_sheet(page, desk).click()
    page.evaluate(PASTE, [SURFACE, html, ""])
    draft = kept(desk, text=text.split("\n", maxsplit=1)[0][:2])
    assert draft["text"] == text
    assert re.search(kept_html, draft["html"], re.DOTALL), draft["html"]
    for word in ("Mso", "mso", "style=", "class=", "color", "<o:p"):
        assert word not in draft["html"]


def test_pasted_html_runs_and_fetches_nothing(page: Page, desk: Desk) -> None:
    open_sheet(page, desk).click()
    asked: list[str] = []
    page.on("request", lambda one: "evil" in one.url and asked.append(one.url))
    hostile = (
        '<p>Hi<img src="https://evil.test/x.png" onerror="window.ran = 1">'
        "<script>window.ran = 1</script><svg onload='window.ran = 1'></svg>"
        "<form action='https://evil.test'><input name=csrfmiddlewaretoken></form>"
        "<span style=\"background: url('https://evil.test/y')\">there</span></p>"
    )
    page.evaluate(PASTE, [SURFACE, hostile, ""])
    html = kept(desk, text="there")["html"]
    assert "https://evil.test/x.png" in html  # as it is mail: whoever reads it decides
    for word in ("script", "onerror", "svg", "form", "input", "evil.test/y"):
        assert word not in html
    assert page.evaluate("window.ran") is None and asked == []


def test_a_reply_folds_the_older_mail_and_keeps_it_whole(
    page: Page, desk: Desk, expect_trouble: Callable[[str], None]
) -> None:
    """desk.md 45."""
    expect_trouble("Blocked script execution")  # the test's own, in the frame of the mail
    desk.api("PATCH", f"/inboxes/{desk.inbox}", json={"signature": "Alice\nAcme"})
    older = '<p>Dear <b>team</b></p><img src="https://example.com/pixel.gif"><p>the end</p>'
    message = desk.receive_from(subject="Plans", html=older)
    surface = answer(page, desk, message, "reply")
    expect(surface).to_be_focused()
    expect(surface).not_to_contain_text("Dear team")
    before = kept(desk, subject="Plans")
    page.keyboard.type("Thank you")
    draft = kept(desk, text="Thank you")
    new, _, quoted = draft["html"].partition('<div class="quoted">')
    assert "Thank you" in new and new.count("Acme") == 1 and "Acme" not in quoted
    assert quoted == before["html"].partition('<div class="quoted">')[2]
    assert re.fullmatch(
        r"Thank you\n\n-- \nAlice\nAcme\n\nOn .* wrote:\n\n?> Dear team\n.*> the end",
        draft["text"],
        re.DOTALL,
    ), draft["text"]
    page.reload()
    page.get_by_role("button", name="Show the quoted text").click()
    expect(surface).to_contain_text("Dear team")
    page.keyboard.type("Hm. ")
    draft = kept(desk, text="Hm.")
    assert draft["html"].count("Dear <b>team</b>") == 1
    assert 'src="https://example.com/pixel.gif"' in draft["html"]
    assert "Acme" in draft["html"] and draft["text"].count("Dear team") == 1


def test_a_plain_mail_is_answered_in_plain_text(page: Page, desk: Desk) -> None:
    answer(page, desk, desk.receive_from(subject="Plans", text="Dear team\n"), "reply")
    text = page.get_by_role("textbox", name="Message")
    expect(text).to_be_focused()
    expect(text).to_have_value("\n")
    page.keyboard.type("Thanks")
    draft = kept(desk, text="Thanks")
    assert draft["html"] is None
    assert re.fullmatch(r"Thanks\n\nOn .* wrote:\n> Dear team\n", draft["text"])


def test_the_signature_changes_with_the_inbox(page: Page, desk: Desk) -> None:
    """desk.md 45: it is put in once, and is not doubled by saving."""
    desk.api("PATCH", f"/inboxes/{desk.inbox}", json={"signature": "Alice, first"})
    address = f"second.{desk.address}"
    second = desk.api("POST", "/inboxes", json={"address": address, "signature": "Alice, second"})
    surface = open_sheet(page, desk, f"/mail/compose?inbox={desk.inbox}")
    surface.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Hello")
    kept(desk, text="Hello")
    page.select_option("#inbox_id", second["id"])
    draft = kept(desk, text="Alice, second")
    assert draft["text"] == "Hello\n\n-- \nAlice, second"
    assert draft["html"].count("Alice") == 1
    page.reload()
    surface.locator(".signature").click()
    page.keyboard.press("End")
    page.keyboard.type(" floor")
    kept(desk, text="Alice, second floor")
    page.select_option("#inbox_id", desk.inbox)
    draft = kept(desk, text="Hello", inbox_id=desk.inbox)
    assert draft["text"] == "Hello\n\n-- \nAlice, second floor"


def test_what_is_changed_elsewhere_comes_in_and_the_caret_stays(page: Page, desk: Desk) -> None:
    """desk.md 36."""
    draft = desk.api("POST", "/drafts", json={"html": "<div>One two</div><div>three</div>"})
    surface = open_sheet(page, desk, path_of(draft))
    surface.click()
    page.keyboard.press("Control+Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    html = "<div>One two</div><div>three and four</div>"
    desk.api("PATCH", f"/drafts/{draft['id']}", json={"html": html})
    page.evaluate("document.querySelector('mail-composer').draft.reload()")
    expect(surface).to_contain_text("three and four")
    page.keyboard.type("!")
    assert kept(desk, text="!")["text"] == "One! two\nthree and four"


def test_opening_a_draft_does_not_change_it(page: Page, desk: Desk) -> None:
    html = "<p>One<br>two</p>three<img src='https://example.com/x.gif'><font color=red>4</font>"
    draft = desk.api("POST", "/drafts", json={"html": html, "subject": "As it was"})
    surface = open_sheet(page, desk, path_of(draft))
    surface.click()
    page.keyboard.press("ArrowRight")
    page.fill("#subject", "Touched")
    now = kept(desk, subject="Touched")
    assert (now["html"], now["text"]) == (html, None)


def test_right_to_left_is_written_from_the_right(page: Page, desk: Desk) -> None:
    """desk.md 51."""
    open_sheet(page, desk).click()
    page.keyboard.type("שלום")
    assert kept(desk, text="שלום")["html"] == '<div dir="auto">שלום</div>'
    line = page.locator(f"{SURFACE} > div").first
    assert line.evaluate("(one) => getComputedStyle(one).direction") == "rtl"


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_is_wider_than_the_window(page: Page, desk: Desk, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    open_sheet(page, desk).click()
    page.keyboard.type("A" * 200)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.locator(".letter-tools button").evaluate_all(
        "(all) => all.filter((one) => one.offsetHeight < 44 || one.offsetWidth < 44).length"
    )
    assert small == 0


def test_a_mail_is_written_without_scripts(chromium: Browser, desk: Desk, tmp_path: Any) -> None:
    plan = tmp_path / "plan.pdf"
    plan.write_bytes(b"%PDF-1.7 plan")
    context = chromium.new_context(java_script_enabled=False)
    desk.sign_in(context)
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.goto(f"{desk.url}/mail/compose")
    page.fill("input[name=to]", "Ann <ann@example.com>")
    page.fill("[name=subject]", "Plans")
    page.fill("[name=text]", "Here it is.")
    page.set_input_files("[name=file]", plan)
    page.get_by_role("button", name="Attach", exact=True).click()
    page.get_by_role("link", name="plan.pdf").wait_for()
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("button", name="Take it back to edit").wait_for()
    context.close()
    draft = kept(desk, subject="Plans", text="Here it is.")
    assert draft["message_id"] and [one["filename"] for one in draft["attachments"]] == ["plan.pdf"]


def test_a_session_that_ends_meanwhile_costs_no_word(
    page: Page, desk: Desk, expect_trouble: Callable[[str], None]
) -> None:
    expect_trouble("401")
    sheet = open_sheet(page, desk)
    sheet.click()
    page.keyboard.type("Before, ")
    draft = kept(desk, text="Before,")
    page.context.clear_cookies(name="sessionid")
    sheet.click()
    page.keyboard.type("and after.")
    said = page.locator(".save-state")
    expect(said).to_contain_text("Not saved, trying again. You are signed out. Sign in again")
    expect(sheet).to_contain_text("and after.")
    desk.sign_in(page.context)  # in another tab
    expect(said).to_contain_text("Saved", timeout=20_000)
    text = desk.api("GET", f"/drafts/{draft['id']}")["text"]
    assert "Before," in text and "and after." in text


def test_a_form_of_who_is_signed_out_comes_back(chromium: Browser, desk: Desk) -> None:
    context = chromium.new_context(java_script_enabled=False)
    desk.sign_in(context)
    page = context.new_page()
    page.goto(f"{desk.url}/mail/compose")
    page.fill("[name=subject]", "Plans that took long")
    page.fill("[name=text]", "Here they are.")
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(page.get_by_label("Subject")).to_have_value("Plans that took long")
    expect(page.get_by_label("Text")).to_have_value("Here they are.")
    context.close()


def test_a_form_that_is_cut_off_sends_and_changes_nothing(desk: Desk) -> None:
    written = {"inbox_id": desk.inbox, "to": ["ann@example.com"], "text": "Here it is."}
    draft = desk.api("POST", "/drafts", json=written)
    token = "a" * 32
    body = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("action", "send:anyway"), ("text", "Half of"), ("version", "1"))
    )
    body += '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF'
    head = (
        f"POST {path_of(draft)} HTTP/1.1\r\nHost: 127.0.0.1:{desk.installation.port}\r\n"
        f"Cookie: sessionid={desk.people['alice']['session']}; csrftoken={token}\r\n"
        f"X-CSRFToken: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body) + 1000}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", desk.installation.port), timeout=10) as line:
        line.sendall((head + body).encode())
        line.shutdown(socket.SHUT_WR)
        line.recv(1000)
    now = desk.api("GET", f"/drafts/{draft['id']}")
    assert (now["version"], now["state"], now["text"]) == (1, "open", "Here it is.")
    assert now["attachments"] == []
