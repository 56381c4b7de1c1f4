"""How much an email may be: exactly as much, and one more."""

from __future__ import annotations

import pytest

from attachments.models import Attachment
from messaging.models import Message
from tests.contracts.emailapi.wire import (
    MAX,
    delivered,
    error_of,
    files_in,
    inline,
    post_letter,
    send,
    upload,
)
from tests.messaging.make import make_file

pytestmark = pytest.mark.django_db(transaction=True)


def test_r25_r26_the_largest_file_can_be_sent_without_a_body(alice, sender):
    file = upload(alice.api, bytes(MAX))
    email = send(alice.api, {"id": file["id"]}, text=None)
    assert email["attachments"][0]["size"] == MAX
    assert len(files_in(delivered(email["messageId"]))[0][2]) == MAX


def test_r26_one_byte_of_body_beside_it_is_too_much(alice, sender):
    file = upload(alice.api, bytes(MAX))
    assert error_of(post_letter(alice.api, {"id": file["id"]}, text="x"), 413) == {
        "code": "EMAIL_TOO_LARGE",
        "message": "Email size exceeds 25MB limit, attachments included",
        "maxSize": 26214400,
        "actualSize": 26214401,
    }
    assert not Message.objects.exists()
    assert not Attachment.objects.get().is_held


def test_r26_bodies_count_in_bytes_and_files_raw(alice, sender):
    half = upload(alice.api, bytes(MAX // 2))
    rest = upload(alice.api, bytes(MAX // 2 - 5))
    files = [{"id": half["id"]}, {"id": rest["id"]}]
    response = post_letter(alice.api, *files, text="é", html="é€")
    assert error_of(response, 413)["actualSize"] == MAX + 2
    send(alice.api, *files, text="é", html="€")


def test_r26_the_same_file_twice_counts_twice(alice, sender):
    file = upload(alice.api, bytes(MAX // 2))
    send(alice.api, {"id": file["id"]}, {"id": file["id"]}, text=None)
    error = error_of(post_letter(alice.api, *[{"id": file["id"]}] * 3, text=None), 413)
    assert (error["code"], error["actualSize"]) == ("EMAIL_TOO_LARGE", MAX // 2 * 3)


def test_r25_an_inline_file_of_exactly_25_mb_passes(alice, sender):
    assert send(alice.api, inline(bytes(MAX)), text=None)["attachments"][0]["size"] == MAX


def test_r25_r29_an_inline_file_of_one_byte_more_does_not(alice, sender):
    error = error_of(post_letter(alice.api, inline(bytes(MAX + 1))), 413)
    assert error == {
        "code": "FILE_TOO_LARGE",
        "message": "File size exceeds 25MB limit",
        "maxSize": 26214400,
        "actualSize": 26214401,
    }
    assert not Attachment.objects.exists()


def test_r26_a_body_beyond_every_limit_counts_as_announced(alice, sender):
    response = alice.api.generic(
        "POST", "/api/email/send", b"{}", "application/json", CONTENT_LENGTH=str(50 * 1024**2)
    )
    error = error_of(response, 413)
    assert (error["code"], error["maxSize"], error["actualSize"]) == (
        "EMAIL_TOO_LARGE",
        MAX,
        52_428_800,
    )


def test_r25_a_file_that_is_larger_at_another_door_is_not_sent_from_here(alice, sender):
    alice.workspace.max_file_bytes = MAX + 1
    alice.workspace.save()
    make_file(alice.workspace, bytes(MAX + 1))
    (file,) = alice.api.get("/api/email/attachments").json()["data"]["attachments"]
    error = error_of(post_letter(alice.api, {"id": file["id"]}), 413)
    assert (error["code"], error["actualSize"]) == ("FILE_TOO_LARGE", MAX + 1)


def test_r28_50_files_pass_in_their_order(alice, sender):
    file = upload(alice.api)
    files = [inline(b"%d" % n, f"{n}.txt") for n in range(49)]
    email = send(alice.api, *files, {"id": file["id"]})
    assert len(email["attachments"]) == 50
    names = [name for name, _, _ in files_in(delivered(email["messageId"]))]
    assert names == [*(f"{n}.txt" for n in range(49)), "document.pdf"]


def test_r28_51_do_not(alice, sender):
    response = post_letter(alice.api, *[inline(b"x", "a.txt") for _ in range(51)])
    assert error_of(response, 400) == {
        "code": "TOO_MANY_ATTACHMENTS",
        "message": "An email has at most 50 attachments",
        "maxAttachments": 50,
        "actualAttachments": 51,
    }
    assert not Attachment.objects.exists()


def test_50_recipients_pass_and_51_do_not(alice, sender):
    to = [f"r{n}@example.com" for n in range(51)]
    send(alice.api, to=to[:50])
    error = error_of(post_letter(alice.api, to=to), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "to")
    assert "51" in error["message"]


def test_more_recipients_than_a_mail_may_have_are_refused(alice, sender):
    response = post_letter(alice.api, bcc=[f"r{n}@example.com" for n in range(1000)])
    assert error_of(response, 400)["code"] == "VALIDATION_ERROR"


def test_a_subject_of_998_characters_passes(alice, sender):
    assert len(send(alice.api, subject="a" * 998)["subject"]) == 998
