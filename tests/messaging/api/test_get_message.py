from __future__ import annotations

from django.test import Client
from django.utils import timezone

from attachments.retention import delete_attachment
from messaging.models import Delivery, Inbox, Message, Recipient
from project.ids import new_id, spell
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import letter_to, make_file, make_message
from tests.people import Person


def test_it_shows_what_happened_to_whom(alice: Person, bob: Person, inbox: Inbox):
    message = make_message(inbox, letter_to("ann@example.com", "bo@example.com"))
    Delivery.objects.update(state="done", due_at=None)
    Recipient.objects.filter(email__startswith="ann").update(state="accepted", reply="250 Ok")
    Recipient.objects.filter(email__startswith="bo").update(state="refused", reply="550 No")
    Message.objects.update(sent_at=timezone.now())
    shown = bob.api.get(url_of(message)).json()
    assert shown["status"] == "partial"
    assert [(one["email"], one["status"], one["reply"]) for one in shown["recipients"]] == [
        ("ann@example.com", "accepted", "250 Ok"),
        ("bo@example.com", "refused", "550 No"),
    ]


def test_it_takes_five_statements(alice: Person, inbox: Inbox, django_assert_num_queries):
    files = [make_file(alice.workspace, bytes([n]), filename=f"{n}.bin") for n in range(3)]
    message = make_message(inbox, files=files)
    with django_assert_num_queries(5):  # key, message, files, deliveries, recipients
        assert len(alice.api.get(url_of(message)).json()["attachments"]) == 3


def test_it_gives_no_link_to_a_file_that_was_deleted(alice: Person, inbox: Inbox):
    file = make_file(alice.workspace)
    message = make_message(inbox, files=[file])
    Delivery.objects.update(state="done", due_at=None)
    delete_attachment(attachment=file)
    shown = alice.api.get(url_of(message)).json()["attachments"][0]
    assert shown["state"] == "ready" and shown["download_url"] is None


def test_it_does_not_exist_for_a_stranger(alice: Person, charlie: Person, inbox: Inbox):
    message = make_message(inbox)
    assert error_of(charlie.api.get(url_of(message)), 404)["code"] == "not_found"
    assert Client().get(url_of(message)).status_code == 401


def test_it_does_not_know_what_never_was(alice: Person):
    for id in (spell("msg", new_id()), spell("att", new_id()), "msg_1", "nonsense"):
        assert error_of(alice.api.get(f"/api/v1/messages/{id}"), 404)


def test_a_person_reads_it_in_the_browser(alice: Person, charlie: Person, inbox: Inbox):
    message = make_message(inbox)
    assert alice.browser.get(url_of(message)).status_code == 200
    page = alice.browser.get(url_of(message), headers={"Accept": "text/html"})
    assert page.status_code == 200 and "text/html" in page["Content-Type"]
    assert charlie.browser.get(url_of(message)).status_code == 404
