"""The composer's page: a new mail, a draft, an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from drafts.models import Draft
from drafts.services import send_draft
from messaging.inboxes import update_inbox
from messaging.models import Inbox, Message
from project.ids import new_id, spell
from tests.desk.mails import received
from tests.desk.reading import Node, parsed
from tests.drafts.make import again, limits_of, make_draft, names_of
from tests.messaging.make import make_file, make_inbox
from tests.people import Person

SIGNATURE = "Ann & Co\n<Desk>, see attached terms"


def page_of(person: Person, path: str) -> Node:
    return parsed(person.browser.get(path))


def facts_of(page: Node) -> dict[str, Any]:
    return json.loads(page.one("mail-composer").one("script").children[0])  # type: ignore[no-any-return,arg-type]


def url_of(draft: Draft) -> str:
    return f"/mail/drafts/{spell('drf', draft.pk)}"


def answered(person: Person, message: Message, how: str) -> Draft:
    """The draft that a button of a message makes."""
    where = person.browser.post(f"/mail/messages/{spell('msg', message.pk)}/{how}")
    draft = Draft.objects.in_full().latest("id")
    assert where["Location"] == url_of(draft)
    return draft


def value(page: Node, name: str) -> str:
    return page.one("input", name=name).attributes["value"]


def text_in(page: Node) -> str:
    """What a browser has in the text's field: without the first line end behind the tag."""
    (text,) = page.one("textarea", name="text").children
    return str(text).removeprefix("\n")


def test_a_new_sheet_keeps_nothing(alice: Person, inbox: Inbox) -> None:
    page = page_of(alice, "/mail/compose")
    assert text_in(page) == ""
    facts = facts_of(page)
    assert (facts["draft"]["id"], facts["draft"]["version"]) == (None, 0)
    assert (facts["draft"]["text"], facts["draft"]["html"]) == (None, None)
    assert facts["draft"]["inbox_id"] == spell("inb", inbox.pk)
    assert not Draft.objects.exists()


def test_the_signature_stands_under_a_new_mail_once(alice: Person, inbox: Inbox) -> None:
    update_inbox(inbox=inbox, signature=SIGNATURE)
    page = page_of(alice, "/mail/compose")
    draft = facts_of(page)["draft"]
    assert draft["text"] == text_in(page) == f"\n\n-- \n{SIGNATURE}"
    assert draft["html"].endswith(
        '<div class="signature">-- <br>Ann &amp; Co<br>&lt;Desk&gt;, see attached terms</div>'
    )
    alice.browser.post("/mail/compose", {"subject": "Hi", "text": text_in(page), "version": "0"})
    kept = Draft.objects.get()
    assert (kept.text, kept.html) == (draft["text"], draft["html"])
    assert text_in(page_of(alice, url_of(kept))) == draft["text"]


def test_an_address_fills_the_sheet_as_mailto_does(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    file = make_file(alice.workspace, b"%PDF", filename="plan.pdf")
    query = (
        f"?inbox={spell('inb', other.pk)}&to=Ann+%3Cann@example.com%3E,bo@example.com"
        f"&cc=cy@example.com&subject=Two%0Alines&body=Dear+%3Cb%3EAnn,%0D%0A%0D%0Abye"
        f"&attach={spell('att', file.pk)}"
    )
    page = page_of(alice, f"/mail/compose{query}")
    assert value(page, "to") == "Ann <ann@example.com>, bo@example.com"
    assert (value(page, "cc"), value(page, "subject")) == ("cy@example.com", "Two lines")
    assert text_in(page) == "Dear <b>Ann,\n\nbye"
    facts = facts_of(page)
    assert facts["draft"]["inbox_id"] == spell("inb", other.pk)
    assert "Dear &lt;b&gt;Ann," in facts["draft"]["html"]
    assert facts["wanted"] == [spell("att", file.pk)]
    assert not Draft.objects.exists()


def test_a_button_of_the_files_page_makes_a_mail_with_the_file(
    alice: Person, charlie: Person, inbox: Inbox
) -> None:
    file = make_file(alice.workspace, b"%PDF", filename="plan.pdf")
    foreign = make_file(charlie.workspace, b"%PDF secret", filename="secret.pdf")
    ids = "&".join(f"attach={spell('att', one.pk)}" for one in (file, foreign))
    alice.browser.post(f"/mail/compose?{ids}")
    assert names_of(Draft.objects.get()) == ["plan.pdf"]


def test_the_page_begins_where_there_is_something_to_write(alice: Person, inbox: Inbox) -> None:
    assert "autofocus" not in page_of(alice, "/mail/compose").one("textarea").attributes
    draft = answered(alice, received(inbox), "reply")
    assert "autofocus" in page_of(alice, url_of(draft)).one("textarea").attributes


@pytest.mark.parametrize("how", ["reply", "reply_all", "forward"])
def test_the_signature_stands_above_the_older_mail(alice: Person, inbox: Inbox, how: str) -> None:
    update_inbox(inbox=inbox, signature=SIGNATURE)
    draft = answered(alice, received(inbox, html="<p>How are you?</p>"), how)
    for text in (draft.text or "", draft.html or ""):
        assert text.count("Ann &") == 1
        assert text.index("Ann &") < text.index("How are you?")
    assert (draft.text or "").startswith("\n\n-- \nAnn & Co\n")
    assert '<div class="quoted"><p>' in (draft.html or "")


@pytest.mark.parametrize("html", ["", "<p>Thank you!</p>"])
def test_a_signature_announces_no_file(alice: Person, inbox: Inbox, html: str) -> None:
    update_inbox(inbox=inbox, signature=SIGNATURE)
    draft = answered(alice, received(inbox, html=html), "reply")
    url = f"/api/v1/drafts/{spell('drf', draft.pk)}"

    def codes() -> list[str]:
        return [one["code"] for one in alice.api.get(f"{url}/check").json()["findings"]]

    assert "forgotten_attachment" not in codes()
    alice.api.patch(url, {"text": None}, format="json")  # so that the HTML is asked
    assert "forgotten_attachment" not in codes()
    alice.api.patch(url, {"text": f"It is attached. {draft.text}"}, format="json")
    assert "forgotten_attachment" in codes()


def test_a_reply_offers_the_files_that_it_leaves_out(alice: Person, inbox: Inbox) -> None:
    """desk.md 43."""
    message = received(inbox, files={"plan.pdf": b"%PDF plan", "bill.pdf": b"%PDF bill"})
    draft = answered(alice, message, "reply")
    assert names_of(draft) == []
    page = page_of(alice, url_of(draft))
    assert [one["filename"] for one in facts_of(page)["originals"]] == ["plan.pdf", "bill.pdf"]
    assert page.one("button", value="originals").text == "Include the original files"
    form = {"action": "originals", "version": draft.version, "text": "Here they are."}
    alice.browser.post(url_of(draft), form)
    assert names_of(draft) == ["plan.pdf", "bill.pdf"]
    assert again(draft).text == "Here they are."
    assert not page_of(alice, url_of(draft)).all("button", value="originals")


def test_a_forward_lists_all_files_to_begin_with(alice: Person, inbox: Inbox) -> None:
    draft = answered(alice, received(inbox, files={"plan.pdf": b"%PDF plan"}), "forward")
    page = page_of(alice, url_of(draft))
    assert "plan.pdf" in page.one("section", class_="draft-files").text
    assert not page.all("button", value="originals")


def test_a_draft_that_has_left_is_read_in_its_conversation(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    sent = send_draft(draft=draft, limits=limits_of(draft))
    assert sent.message
    sent.message.deliveries.update(state="done", due_at=None)
    answer = alice.browser.get(url_of(draft))
    assert answer["Location"] == f"/mail/threads/{spell('thr', sent.message.thread_id)}"


def test_bob_writes_on_and_charlie_finds_nothing(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
) -> None:
    draft = make_draft(inbox, subject="Plans")
    assert value(page_of(bob, url_of(draft)), "subject") == "Plans"
    message = received(inbox)
    id = spell("msg", message.pk)
    make_inbox(charlie.workspace, address="charlie@acme.test")
    for path in (
        url_of(draft),
        f"/mail/compose?inbox={spell('inb', inbox.pk)}",
        f"/mail/drafts/{spell('drf', new_id())}",
    ):
        assert charlie.browser.get(path).status_code == 404
        assert charlie.browser.post(path, {"subject": "Mine"}).status_code == 404
    for how in ("reply", "reply_all", "forward"):
        assert charlie.browser.post(f"/mail/messages/{id}/{how}").status_code == 404
    assert alice.browser.post(f"/mail/messages/{id}/laugh").status_code == 404
    assert [one.subject for one in Draft.objects.all()] == ["Plans"]


def test_an_auditor_may_not_write(auditor: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox, subject="Plans")
    message = spell("msg", received(inbox).pk)
    assert auditor.browser.get("/mail/compose").status_code == 403
    assert auditor.browser.post("/mail/compose", {"subject": "Mine"}).status_code == 403
    assert auditor.browser.post(url_of(draft), {"subject": "Mine"}).status_code == 403
    assert auditor.browser.post(f"/mail/messages/{message}/reply").status_code == 403
    assert [one.subject for one in Draft.objects.all()] == ["Plans"]


def test_answering_takes_a_button(alice: Person, inbox: Inbox) -> None:
    url = reverse("desk:answer", args=[spell("msg", received(inbox).pk), "reply"])
    assert alice.browser.get(url).status_code == 405
    assert not Draft.objects.exists()
