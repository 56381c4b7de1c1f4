"""Giving the bytes back, for as long as they are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.retention import let_go
from project.ids import new_id, read, spell
from tests.attachments.statements import verbs_of
from tests.contracts.bird.wire import (
    MESSAGES,
    PDF,
    PNG,
    content_of,
    error_of,
    file,
    get,
    send,
)
from tests.make import api_with
from tests.messaging.make import make_file, make_message, make_reservation
from tests.people import Person

pytestmark = pytest.mark.django_db


def path_of(message: dict[str, Any], position: int = 0) -> str:
    return f"{MESSAGES}/{message['id']}/attachments/{message['attachments'][position]['id']}"


def age(message: dict[str, Any], span: timedelta) -> None:
    """Let time pass since the message left."""
    rows = Message.objects.filter(pk=read("em", message["id"]))
    until = rows.get().files_until
    assert until
    rows.update(files_until=until - span)


def test_r25_it_gives_the_bytes_with_type_and_name(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), file(PNG, "banner.png", content_id="b"))
    answer = alice.api.get(path_of(message))
    assert (answer.status_code, content_of(answer)) == (200, PDF)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Length"] == str(len(PDF))
    assert answer["Content-Disposition"] == 'attachment; filename="invoice.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Request-Id"].startswith("req_")
    inline = alice.api.get(path_of(message, 1))
    assert (inline["Content-Disposition"], content_of(inline)) == (
        'inline; filename="banner.png"',
        PNG,
    )


def test_r25_a_name_beyond_ascii_is_spelt_for_all(alice: Person, inbox: Inbox) -> None:
    answer = alice.api.get(path_of(send(alice.api, file(filename="Käse 1.pdf"))))
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''K%C3%A4se%201.pdf"


def test_r25_the_type_is_that_of_the_metadata_whatever_is_inside(
    alice: Person, inbox: Inbox
) -> None:
    page = b"<html><script>alert(1)</script></html>"
    message = send(alice.api, file(page, "a.txt", content_id="p"))
    answer = alice.api.get(path_of(message))
    assert answer["Content-Type"] == message["attachments"][0]["content_type"] == "text/plain"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert (answer["X-Content-Type-Options"], content_of(answer)) == ("nosniff", page)


def test_r25_a_part_of_it(alice: Person, inbox: Inbox) -> None:
    path = path_of(send(alice.api, file()))
    some = alice.api.get(path, HTTP_RANGE="bytes=0-3")
    assert (some.status_code, content_of(some)) == (206, b"%PDF")
    outside = alice.api.get(path, HTTP_RANGE="bytes=9999-")
    assert error_of(outside, 400)["type"] == "bad_request_error"


def test_r26_without_content_storage_there_is_nothing(alice: Person, inbox: Inbox) -> None:
    alice.workspace.stores_content = False
    alice.workspace.save()
    message = send(alice.api, file(), parameters={"name": "Ann"})
    for tail in (path_of(message), f"{MESSAGES}/{message['id']}/attachments/ea_unknown"):
        error = error_of(alice.api.get(tail), 404)
        assert error["type"] == "not_found_error"
        assert "Content storage was off" in error["message"]
    deliver_due()
    let_go()
    assert get(alice.api, message["id"])["attachments"] == message["attachments"]
    assert Message.objects.get().annotations == {}
    alice.workspace.stores_content = True
    alice.workspace.save()
    assert error_of(alice.api.get(path_of(message)), 404)["message"].startswith("Content storage")


@pytest.mark.parametrize("purged", [False, True])
def test_r27_a_file_is_gone_30_days_after_the_send(
    purged: bool, alice: Person, inbox: Inbox
) -> None:
    message = send(alice.api, file())
    deliver_due()
    age(message, timedelta(days=29, hours=23, minutes=59))
    assert content_of(alice.api.get(path_of(message))) == PDF
    age(message, timedelta(minutes=1))
    if purged:
        let_go()
    error = error_of(alice.api.get(path_of(message)), 410)
    assert (error["type"], error["name"], error["code"]) == ("gone_error", "Gone", "E90410")
    assert get(alice.api, message["id"])["attachments"] == message["attachments"]
    unknown = f"{MESSAGES}/{message['id']}/attachments/{spell('ea', new_id())}"
    assert error_of(alice.api.get(unknown), 404)["name"] == "NotFound"


def test_r28_unknown_messages_and_files_are_404(
    alice: Person, inbox: Inbox, charlie: Person
) -> None:
    message, other = send(alice.api, file()), send(alice.api, file(PNG, "a.png"))
    known = message["attachments"][0]["id"]
    paths = [
        f"{MESSAGES}/{spell('em', new_id())}/attachments/{known}",
        f"{MESSAGES}/em_1/attachments/{known}",
        f"{MESSAGES}/{message['id']}/attachments/{spell('ea', new_id())}",
        f"{MESSAGES}/{message['id']}/attachments/{other['attachments'][0]['id']}",
        f"{MESSAGES}/{message['id']}/attachments/{known.replace('ea_', 'att_')}",
    ]
    for path in paths:
        error = error_of(alice.api.get(path), 404)
        assert (error["type"], error["code"]) == ("not_found_error", "E90404")
    assert "em_" in error_of(alice.api.get(paths[0]), 404)["message"]
    assert "ea_" in error_of(alice.api.get(paths[2]), 404)["message"]
    assert error_of(charlie.api.get(path_of(message)), 404)["type"] == "not_found_error"


def test_r29_a_file_that_is_still_being_stored_is_425(alice: Person, inbox: Inbox) -> None:
    late = make_reservation(alice.workspace)
    message = make_message(inbox, files=[late])
    path = f"{MESSAGES}/{spell('em', message.pk)}/attachments/{spell('ea', late.pk)}"
    answer = alice.api.get(path)
    error = error_of(answer, 425)
    assert (error["type"], error["name"], error["code"]) == (
        "too_early_error",
        "TooEarly",
        "E90425",
    )
    assert answer["Retry-After"] == "1"


def test_the_checks_come_in_their_order(alice: Person, inbox: Inbox) -> None:
    late = make_reservation(alice.workspace)
    message = make_message(inbox, files=[late])
    path = f"{MESSAGES}/{spell('em', message.pk)}/attachments/{spell('ea', late.pk)}"
    Message.objects.update(files_until=timezone.now())
    assert error_of(alice.api.get(path), 410)
    Message.objects.update(stores_content=False)
    assert error_of(alice.api.get(path), 404)


def test_files_of_other_doors_stay_as_long_as_their_message(alice: Person, inbox: Inbox) -> None:
    kept = make_file(alice.workspace, PDF)
    message = make_message(inbox, files=[kept])
    path = f"{MESSAGES}/{spell('em', message.pk)}/attachments/{spell('ea', kept.pk)}"
    assert content_of(alice.api.get(path)) == PDF


def test_reading_is_enough_to_download(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file())
    assert content_of(api_with(alice.workspace, "read").get(path_of(message))) == PDF
    assert error_of(api_with(alice.workspace, "send").get(path_of(message)), 403)


def test_a_download_takes_three_statements(alice: Person, inbox: Inbox) -> None:
    path = path_of(send(alice.api, file()))
    with CaptureQueriesContext(connection) as queries:
        alice.api.get(path).close()
    assert verbs_of(queries) == ["SELECT"] * 3  # the key, the message, the file
