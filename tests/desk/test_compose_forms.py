"""Composing with ordinary forms, as without scripts."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.incoming import incoming_folder
from attachments.models import Attachment
from drafts.models import Draft
from drafts.services import send_draft, update_draft
from messaging.inboxes import update_inbox
from messaging.models import Delivery, Inbox
from project.ids import spell
from tests.desk.reading import Node, parsed
from tests.drafts.make import again, limits_of, make_draft, names_of
from tests.messaging.make import make_file, make_inbox
from tests.people import Person

NEW = "/mail/compose"


def url_of(draft: Draft) -> str:
    return f"/mail/drafts/{spell('drf', draft.pk)}"


def form(draft: Draft | None = None, **fields: Any) -> dict[str, Any]:
    """What a browser sends for the form as it stands, with some fields typed anew."""
    fields.setdefault("version", draft.version if draft else 0)
    standing = {"to": "Ann <ann@example.com>", "cc": "", "bcc": "", "subject": draft.subject,
                "text": draft.text or ""} if draft else {}  # fmt: skip
    return {**standing, **fields}


def file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def page_of(answer: Any, status: int) -> Node:
    """A page that is shown instead of going on."""
    assert answer.status_code == status, (answer.status_code, answer.content[:300])
    answer.status_code = 200
    return parsed(answer)


def typed_in(page: Node, name: str) -> str:
    fields = page.all("input", name=name)
    if fields:
        return fields[0].attributes["value"]
    (text,) = page.one("textarea", name=name).children
    return str(text).removeprefix("\n")


def problems(page: Node) -> list[str]:
    return [one.text for one in page.all("p", class_="problem") if one.text]


def test_a_mail_is_written_attached_and_sent(alice: Person, inbox: Inbox) -> None:
    plan = b"%PDF-1.7\n" * 1000
    fields = form(to='"Lee, Ann" <ann@example.com>; bo@example.com', subject="Plans",
                  text="Dear Ann,\r\nhere it is.", file=[file("plan.pdf", plan)])  # fmt: skip
    answer = alice.browser.post(NEW, {**fields, "action": "send"})
    draft = Draft.objects.in_full().get()
    assert answer["Location"] == url_of(draft)
    assert draft.to == [
        {"email": "ann@example.com", "name": "Lee, Ann"},
        {"email": "bo@example.com", "name": None},
    ]
    assert (draft.text, draft.html) == ("Dear Ann,\nhere it is.", None)
    assert draft.message
    (carried,) = draft.message.enclosures.select_related("attachment")
    assert carried.attachment.sha256 == hashlib.sha256(plan).hexdigest()
    (delivery,) = draft.message.deliveries.all()
    assert delivery.due_at and delivery.due_at > timezone.now()  # it can be undone
    shown = parsed(alice.browser.get(url_of(draft)))
    assert shown.one("button", value="unsend")


def test_what_was_sent_is_taken_back(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    alice.browser.post(url_of(draft), form(draft, action="send"))
    assert again(draft).message
    alice.browser.post(url_of(draft), {"action": "unsend"})
    assert again(draft).message is None


def test_saving_changes_what_was_typed_and_nothing_else(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox, html="<p>Here it is.</p>")
    alice.browser.post(url_of(draft), form(draft, subject="New", text="Here it is."))
    kept = again(draft)
    assert (kept.subject, kept.html) == ("New", "<p>Here it is.</p>")
    alice.browser.post(url_of(draft), form(kept, text="Here it is not."))
    kept = again(draft)
    assert (kept.text, kept.html) == ("Here it is not.", None)


def test_saving_the_same_again_writes_nothing(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        alice.browser.post(url_of(draft), form(draft))
    assert again(draft).version == draft.version
    assert not [one for one in queries if one["sql"].startswith('UPDATE "drafts')]


def test_files_are_attached_and_taken_out(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    files = [file("a.pdf", b"%PDF a"), file("b.pdf", b"%PDF b")]
    alice.browser.post(url_of(draft), form(draft, action="attach", file=files))
    assert names_of(draft) == ["a.pdf", "b.pdf"]
    first = spell("att", again(draft).files[0].attachment_id)
    for _ in range(2):  # as somebody does who presses twice
        fields = form(again(draft), action=f"remove:{first}", text="And a word.")
        alice.browser.post(url_of(draft), fields)
        assert names_of(draft) == ["b.pdf"]
    assert again(draft).text == "And a word."


def test_a_file_that_is_too_large_is_named_and_the_others_are_attached(
    alice: Person, inbox: Inbox
) -> None:
    type(alice.workspace).objects.update(max_file_bytes=1000)
    draft = make_draft(inbox)
    files = [file("big.pdf", b"%PDF" * 1000), file("small.pdf", b"%PDF")]
    answer = alice.browser.post(
        url_of(draft), form(draft, action="send", text="See attached.", file=files)
    )
    page = page_of(answer, 422)
    (problem,) = problems(page)
    assert problem.startswith("big.pdf: ") and "4,000" in problem
    assert names_of(draft) == ["small.pdf"]
    assert again(draft).text == "See attached."
    assert not Delivery.objects.exists()


def test_uploads_leave_no_temporary_files(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    before = set(incoming_folder().iterdir()) if incoming_folder().exists() else set()
    fields = form(draft, action="attach", file=[file("a.pdf", b"%PDF" * 2**20)])
    alice.browser.post(url_of(draft), fields)
    assert names_of(draft) == ["a.pdf"]
    assert set(incoming_folder().iterdir()) == before


def test_mistakes_stand_at_their_fields_with_what_was_typed(alice: Person, inbox: Inbox) -> None:
    fields = form(to="ann@example.com, nobody", subject="Plans", text="Dear Ann", action="send")
    answer = alice.browser.post(NEW, fields)
    page = page_of(answer, 422)
    (problem,) = problems(page)
    assert problem.startswith("nobody: ")
    field = page.one("input", name="to").attributes
    assert (field["value"], field["aria-invalid"]) == ("ann@example.com, nobody", "true")
    draft = Draft.objects.get()
    assert (draft.subject, draft.text, draft.message_id) == ("Plans", "Dear Ann", None)
    assert page.one("form", class_="composer").attributes["action"] == url_of(draft)


def test_an_overtaken_form_shows_both_texts_and_loses_none(
    alice: Person, bob: Person, inbox: Inbox
) -> None:
    """desk.md 36."""
    draft = make_draft(inbox, text="Hello")
    alice.browser.post(url_of(draft), form(draft, text="Hello from Alice"))
    fields = form(draft, text="Hello from Bob", action="send", file=[file("b.pdf", b"%PDF b")])
    page = page_of(bob.browser.post(url_of(draft), fields), 409)
    assert typed_in(page, "text") == "Hello from Bob"
    assert page.one("pre", class_="saved-text").text == "Hello from Alice"
    current = again(draft)
    assert (current.text, current.message_id) == ("Hello from Alice", None)
    assert names_of(draft) == ["b.pdf"]
    assert typed_in(page, "version") == str(current.version)
    bob.browser.post(url_of(draft), form(current, text="Hello from both", version=current.version))
    assert again(draft).text == "Hello from both"


def test_what_others_did_elsewhere_in_the_draft_is_no_obstacle(
    alice: Person, bob: Person, inbox: Inbox
) -> None:
    draft = make_draft(inbox)
    update_draft(draft=draft, limits=limits_of(draft), enclosures=[])
    alice.browser.post(url_of(draft), form(draft))
    answer = bob.browser.post(url_of(draft), form(draft, action="send"))
    assert answer.status_code == 302 and again(draft).message


def test_words_for_a_draft_that_has_left_go_on_as_a_new_one(
    alice: Person, bob: Person, inbox: Inbox
) -> None:
    draft = make_draft(inbox)
    sent = send_draft(draft=draft, limits=limits_of(draft))
    assert sent.message
    sent.message.deliveries.update(state="done", due_at=None)
    page = page_of(bob.browser.post(url_of(draft), form(draft, text="One more thing")), 409)
    assert typed_in(page, "text") == "One more thing"
    assert typed_in(page, "to") == "Ann <ann@example.com>"
    assert page.one("form", class_="composer").attributes["action"] == NEW
    assert again(draft).text == "Here it is."


def test_the_check_is_shown_and_can_be_passed_over(alice: Person, inbox: Inbox) -> None:
    """desk.md 27 and 28."""
    draft = make_draft(inbox, subject="", text="See the attached file.")
    page = page_of(alice.browser.post(url_of(draft), form(draft, action="send")), 422)
    told = page.one("section", class_="told").text
    assert "It has no subject." in told and "It speaks of an attachment, and has none." in told
    assert again(draft).message is None
    action = page.one("section", class_="told").one("button").attributes["value"]
    alice.browser.post(url_of(draft), form(again(draft), action=action))
    assert again(draft).message


def test_an_error_cannot_be_passed_over(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox, to=[])
    for action in ("send", "send:anyway"):
        answer = alice.browser.post(url_of(draft), form(again(draft), to="", action=action))
        page = page_of(answer, 422)
        assert "Say to whom it goes." in page.one("section", class_="told").text
        assert not page.one("section", class_="told").all("button")
    assert again(draft).message is None


def test_it_leaves_at_the_time_that_was_chosen(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    at = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    fields = form(draft, action="schedule", send_at=at.strftime("%Y-%m-%dT%H:%M"))
    assert alice.browser.post(url_of(draft), fields).status_code == 302
    assert again(draft).send_at == at
    assert f"{at:%H:%M}" in parsed(alice.browser.get(url_of(draft))).one(class_="held-words").text


@pytest.mark.parametrize("text", ["", "tomorrow", "1999-01-01T00:00"])
def test_a_time_that_is_none_is_said(alice: Person, inbox: Inbox, text: str) -> None:
    draft = make_draft(inbox)
    fields = form(draft, text="Later.", action="schedule", send_at=text)
    page = page_of(alice.browser.post(url_of(draft), fields), 422)
    assert len(problems(page)) == 1
    assert again(draft).text == "Later." and again(draft).message is None


def test_discarding_leaves_nothing(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox)
    alice.browser.post(url_of(draft), form(draft, action="discard"))
    assert not Draft.objects.exists()
    alice.browser.post(NEW, form(subject="Never mind", action="discard"))
    assert not Draft.objects.exists()


def test_another_inbox_brings_its_signature(alice: Person, inbox: Inbox) -> None:
    update_inbox(inbox=inbox, signature="Desk")
    other = make_inbox(alice.workspace, address="other@acme.test")
    update_inbox(inbox=other, signature="Other")
    draft = make_draft(inbox, text="Hi\n\n-- \nDesk")
    alice.browser.post(url_of(draft), form(draft, inbox_id=spell("inb", other.pk)))
    kept = again(draft)
    assert (kept.inbox, kept.text) == (other, "Hi\n\n-- \nOther")


def test_a_signature_that_was_touched_stays(alice: Person, inbox: Inbox) -> None:
    update_inbox(inbox=inbox, signature="Desk")
    other = make_inbox(alice.workspace, address="other@acme.test")
    draft = make_draft(inbox, text="Hi\n\n-- \nDesk, till noon")
    alice.browser.post(url_of(draft), form(draft, inbox_id=spell("inb", other.pk)))
    assert again(draft).text == "Hi\n\n-- \nDesk, till noon"


def test_a_form_needs_its_token(alice: Person, inbox: Inbox) -> None:
    draft = make_draft(inbox, subject="Plans")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    fields = form(draft, subject="Other", file=[file("a.pdf", b"%PDF")])
    assert browser.post(url_of(draft), fields).status_code == 403
    token = browser.get(url_of(draft)).context["csrf_token"]
    assert again(draft).subject == "Plans" and not Attachment.objects.exists()
    fields["csrfmiddlewaretoken"] = str(token)
    fields["file"] = [file("a.pdf", b"%PDF")]
    assert browser.post(url_of(draft), fields).status_code == 302
    assert again(draft).subject == "Other" and names_of(draft) == ["a.pdf"]


def test_a_file_of_another_workspace_is_not_attached(
    alice: Person, charlie: Person, inbox: Inbox
) -> None:
    secret = make_file(charlie.workspace, b"secret")
    draft = make_draft(inbox)
    alice.browser.post(url_of(draft), form(draft, attach=spell("att", secret.pk)))
    assert names_of(draft) == []
