"""Keeping mail in order by the forms of the desk, as it goes without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Delivery, Folder, Inbox, Message, Recipient
from messaging.tidying import archive_conversations, discard_conversations
from project.events.models import Event
from project.ids import spell
from tests.desk.mails import received
from tests.desk.reading import parsed, said
from tests.messaging.make import letter_to, make_inbox, make_message
from tests.people import Person


def page_of(inbox: Inbox, place: str = "inbox") -> str:
    return f"/mail/{spell('inb', inbox.pk)}/{place}"


def thread_of(message: Message) -> str:
    assert message.thread_id
    return spell("thr", message.thread_id)


def sort(person: Person, *, next: str = "/mail/", **fields: Any) -> Any:
    """Press a button, and see the page that follows."""
    return person.browser.post("/mail/sort", {"next": next, **fields}, follow=True)


def role_of(message: Message) -> str:
    message.refresh_from_db()
    assert message.folder
    return message.folder.role


def test_archiving_leaves_what_was_sent(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    answer = make_message(inbox, letter_to("ann@example.com"))
    Message.objects.filter(pk=answer.pk).update(thread=first.thread)
    later = received(inbox, answers=first)
    page = sort(alice, act="archive", thread=[thread_of(first)], next=page_of(inbox))
    assert said(page) == ["1 conversation archived. Undo"]
    assert [role_of(one) for one in (first, later, answer)] == ["archive", "archive", "sent"]


def test_undo_puts_everything_back_where_it_was(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    archive_conversations(Message.objects.filter(pk=first.pk))  # type: ignore[arg-type]
    second = received(inbox, answers=first)
    browser = alice.browser
    browser.post("/mail/sort", {"act": "trash", "thread": thread_of(first)})
    assert [role_of(first), role_of(second)] == ["trash", "trash"]
    page = browser.post("/mail/undo", {"next": page_of(inbox)}, follow=True)
    assert said(page)[-1] == "It is back where it was."
    assert [role_of(first), role_of(second)] == ["archive", "inbox"]
    first.refresh_from_db()
    assert first.trashed_at is None
    again = browser.post("/mail/undo", {"next": page_of(inbox)}, follow=True)
    assert said(again) == ["Nothing to undo."]


def test_the_undo_button_belongs_to_a_form_of_the_page(alice: Person, inbox: Inbox) -> None:
    page = parsed(
        sort(alice, act="archive", thread=thread_of(received(inbox)), next=page_of(inbox))
    )
    button = page.one("ul", class_="messages").one("button")
    assert page.one("form", id=button.attributes["form"]).attributes["action"] == "/mail/undo"


def test_trash_takes_the_whole_conversation(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    second = received(inbox, answers=first)
    sort(alice, act="trash", thread=thread_of(first))
    assert [role_of(first), role_of(second)] == ["trash", "trash"]
    first.refresh_from_db()
    assert first.trashed_at is not None


def test_what_has_not_left_yet_is_not_thrown_away(alice: Person, inbox: Inbox) -> None:
    message = make_message(inbox, due_at=timezone.now() + timedelta(days=1))
    page = sort(alice, act="trash", thread=thread_of(message), next=page_of(inbox, "sent"))
    assert said(page) == ["It has not left yet: cancel it first."]
    assert role_of(message) == "sent"


def test_what_is_put_back_goes_where_it_belongs(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    answer = make_message(inbox, letter_to("ann@example.com"))
    Message.objects.filter(pk=answer.pk).update(thread=first.thread)
    Delivery.objects.update(state="done", due_at=None)
    discard_conversations(Message.objects.filter(thread=first.thread))  # type: ignore[arg-type]
    sort(alice, act="restore", thread=thread_of(first), trash="true")
    assert [role_of(first), role_of(answer)] == ["inbox", "sent"]


def test_only_what_is_in_the_trash_is_deleted_for_good(alice: Person, inbox: Inbox) -> None:
    thrown = received(inbox, files={"a.pdf": b"1"})
    discard_conversations(Message.objects.filter(pk=thrown.pk))  # type: ignore[arg-type]
    kept = received(inbox, answers=thrown)
    page = sort(alice, act="delete", thread=thread_of(thrown), trash="true", next=page_of(inbox))
    assert said(page) == ["1 conversation deleted for good."]
    assert list(Message.objects.values_list("pk", flat=True)) == [kept.pk]
    assert Attachment.objects.get().expires_at is not None
    sort(alice, act="delete", thread=thread_of(kept))
    assert Message.objects.filter(pk=kept.pk).exists()


def test_emptying_the_trash_asks_and_takes_one_inbox_only(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    thrown = [received(inbox), received(inbox), received(other, to="other@acme.test")]
    rows = Message.objects.filter(pk__in=[one.pk for one in thrown])
    discard_conversations(rows)  # type: ignore[arg-type]
    kept = received(inbox)
    browser = alice.browser
    path = f"{page_of(inbox, 'trash')}/empty"
    assert "cannot be undone" in parsed(browser.get(path)).text
    assert Message.objects.count() == 4
    page = browser.post(path, follow=True)
    assert said(page) == ["2 messages deleted for good."]
    assert set(Message.objects.all()) == {thrown[2], kept}


def test_moving_to_a_folder(alice: Person, inbox: Inbox) -> None:
    folder = Folder.objects.create(inbox=inbox, name="Bills")
    message = received(inbox)
    page = sort(
        alice, folder=spell("fol", folder.pk), thread=thread_of(message), next=page_of(inbox)
    )
    assert said(page) == ["1 conversation moved to Bills. Undo"]
    message.refresh_from_db()
    assert message.folder == folder


def test_a_folder_of_another_inbox_takes_nothing(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    folder = Folder.objects.create(inbox=other, name="Bills")
    message = received(inbox)
    sort(alice, folder=spell("fol", folder.pk), thread=thread_of(message))
    assert role_of(message) == "inbox"


def test_several_at_once_over_several_inboxes(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    both = [received(inbox), received(other, to="other@acme.test")]
    page = sort(alice, act="archive", thread=[thread_of(one) for one in both], next=page_of(inbox))
    assert said(page) == ["2 conversations archived. Undo"]
    assert [one.folder.inbox_id for one in Message.objects.order_by("pk") if one.folder] == [
        inbox.pk, other.pk,
    ]  # fmt: skip
    assert [role_of(one) for one in both] == ["archive", "archive"]


def test_read_and_unread(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    second = received(inbox, answers=first)
    sort(alice, act="read", thread=thread_of(first))
    assert not Message.objects.filter(unread=True).exists()
    sort(alice, act="unread", thread=thread_of(first))
    assert list(Message.objects.filter(unread=True)) == [second]


def test_a_star_is_on_the_newest_and_comes_off_all(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    sort(alice, one=f"star:{thread_of(first)}")
    second = received(inbox, answers=first)
    sort(alice, one=f"star:{thread_of(first)}")
    assert set(Message.objects.filter(starred=True)) == {first, second}
    sort(alice, one=f"unstar:{thread_of(first)}")
    assert not Message.objects.filter(starred=True).exists()


def test_one_message_of_a_conversation(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    second = received(inbox, answers=first)
    page = sort(alice, act="trash", message=spell("msg", first.pk), next=page_of(inbox))
    assert said(page) == ["1 message moved to the trash. Undo"]
    assert [role_of(first), role_of(second)] == ["trash", "inbox"]


def test_a_script_is_answered_without_a_page(alice: Person, inbox: Inbox) -> None:
    message = received(inbox)
    answer = alice.browser.post(
        "/mail/sort",
        {"act": "read", "thread": thread_of(message)},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 204
    message.refresh_from_db()
    assert message.unread is False


def test_what_is_done_is_told_with_who_did_it(alice: Person, inbox: Inbox) -> None:
    message = received(inbox)
    sort(alice, act="archive", thread=thread_of(message))
    event = Event.objects.get(kind="message.updated", subject_id=message.pk)
    assert event.payload == {"changed": ["folder"]}
    assert event.actor == f"user:{spell('usr', alice.user.pk)}"


@pytest.mark.parametrize(
    "fields", [{"act": "explode"}, {"act": "archive", "thread": "thr_nonsense"}, {}]
)
def test_nonsense_is_unknown(alice: Person, inbox: Inbox, fields: dict[str, str]) -> None:
    message = received(inbox)
    answer = sort(alice, **{"thread": thread_of(message), **fields})
    assert answer.status_code == 404
    assert role_of(message) == "inbox"


def test_it_goes_nowhere_but_to_a_page_of_ours(alice: Person, inbox: Inbox) -> None:
    for next in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        answer = alice.browser.post(
            "/mail/sort", {"act": "read", "thread": thread_of(received(inbox)), "next": next}
        )
        assert answer["Location"] == "/mail/"


ACTS = ("read", "unread", "star", "unstar", "archive", "trash", "restore", "delete")


def test_bob_may_and_charlie_finds_nothing(bob: Person, charlie: Person, inbox: Inbox) -> None:
    message = received(inbox)
    for act in ACTS:
        for given in ({"thread": thread_of(message)}, {"message": spell("msg", message.pk)}):
            assert sort(charlie, act=act, **given).status_code == 404
    folder = Folder.objects.get(inbox=inbox, role="archive")
    own = received(make_inbox(charlie.workspace, address="c@acme.test"), to="c@acme.test")
    taken = sort(charlie, folder=spell("fol", folder.pk), thread=thread_of(own))
    assert taken.status_code == 404
    assert charlie.browser.post(f"{page_of(inbox, 'trash')}/empty").status_code == 404
    assert role_of(message) == "inbox"
    assert Message.objects.get(pk=message.pk).unread is True
    sort(bob, act="archive", thread=thread_of(message))
    assert role_of(message) == "archive"


def test_an_auditor_changes_nothing(auditor: Person, inbox: Inbox) -> None:
    message = received(inbox)
    for act in ACTS:
        assert sort(auditor, act=act, thread=thread_of(message)).status_code == 403
    assert auditor.browser.post("/mail/undo").status_code == 403
    assert auditor.browser.post(f"{page_of(inbox, 'trash')}/empty").status_code == 403
    assert role_of(message) == "inbox"
    assert Message.objects.get(pk=message.pk).unread is True


def test_a_form_of_another_site_does_nothing(alice: Person, inbox: Inbox) -> None:
    message = received(inbox)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    answer = browser.post("/mail/sort", {"act": "trash", "thread": thread_of(message)})
    assert answer.status_code == 403
    assert role_of(message) == "inbox"


def test_looking_changes_nothing(alice: Person, inbox: Inbox) -> None:
    message = received(inbox)
    assert alice.browser.get("/mail/sort").status_code == 405
    alice.browser.get(f"/mail/threads/{thread_of(message)}")
    message.refresh_from_db()
    assert message.unread is True


@pytest.mark.django_db(transaction=True)
def test_a_doubt_is_settled_by_who_knows(alice: Person, charlie: Person, inbox: Inbox) -> None:
    message = make_message(inbox, letter_to("ann@example.com"))
    Delivery.objects.update(state="done", due_at=None)
    Recipient.objects.update(state="unknown", at=timezone.now())
    path = f"/mail/messages/{spell('msg', message.pk)}/resolve"
    assert charlie.browser.post(path, {"outcome": "sent"}).status_code == 404
    assert alice.browser.post(path, {"outcome": "perhaps"}).status_code == 404
    page = alice.browser.get(f"/mail/threads/{thread_of(message)}")
    assert "May have arrived" in parsed(page).text
    alice.browser.post(path, {"outcome": "sent"})
    assert Recipient.objects.get().state == "accepted"
    page = alice.browser.post(path, {"outcome": "sent", "next": page_of(inbox)}, follow=True)
    assert said(page) == ["Nobody of its recipients is in doubt."]
