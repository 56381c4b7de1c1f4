from __future__ import annotations

import hashlib

import pytest

from attachments.models import Attachment
from attachments.retention import delete_attachment
from messaging.models import Delivery, Inbox, Message
from project.ids import spell
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_file, make_message
from tests.people import Person

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def file(alice: Person) -> Attachment:
    return make_file(alice.workspace, CONTENT, filename="Übersicht.pdf")


@pytest.fixture
def message(inbox: Inbox, file: Attachment) -> Message:
    return make_message(inbox, files=[file])


def content_url(message: Message, file: Attachment) -> str:
    return url_of(message, "attachments", spell("att", file.pk), "content")


def test_it_gives_the_bytes(bob: Person, message: Message, file: Attachment):
    answer = bob.api.get(content_url(message, file), headers={"Accept": "application/pdf"})
    assert b"".join(answer.streaming_content) == CONTENT
    assert answer["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''%C3%9Cbersicht.pdf"
    head = bob.api.head(content_url(message, file))
    assert head["Content-Length"] == str(len(CONTENT)) and head.content == b""


def test_it_gives_a_part_of_them(alice: Person, message: Message, file: Attachment):
    answer = alice.api.get(content_url(message, file), headers={"Range": "bytes=10-19"})
    assert answer.status_code == 206 and b"".join(answer.streaming_content) == CONTENT[10:20]


def test_it_gives_them_when_the_file_was_deleted_elsewhere(
    alice: Person, message: Message, file: Attachment
):
    Delivery.objects.update(state="done", due_at=None)
    delete_attachment(attachment=file)
    assert error_of(alice.api.get(f"/api/v1/attachments/{spell('att', file.pk)}"), 404)
    answer = alice.api.get(content_url(message, file))
    assert b"".join(answer.streaming_content) == CONTENT


def test_it_takes_two_statements(
    alice: Person, message: Message, file: Attachment, django_assert_num_queries
):
    with django_assert_num_queries(2):  # key, file
        alice.api.get(content_url(message, file)).close()


def test_it_knows_only_files_of_the_message(
    alice: Person, charlie: Person, message: Message, file: Attachment
):
    other = make_file(alice.workspace, b"other")
    assert error_of(alice.api.get(content_url(message, other)), 404)
    assert error_of(charlie.api.get(content_url(message, file)), 404)
