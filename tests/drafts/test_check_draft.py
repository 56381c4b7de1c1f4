"""GET /api/v1/drafts/{id}/check, and the check itself"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from django.utils import timezone

from attachments.limits import Limits
from attachments.models import Attachment
from drafts.check import check_draft
from drafts.models import Draft, DraftAttachment
from drafts.services import send_draft
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.inboxes import delete_inbox
from messaging.models import Message
from project.ids import spell
from tests.attachments.make import PNG
from tests.drafts.make import again, limits_of, make_draft, url_of
from tests.messaging.make import make_file, make_message, make_reservation

SMALL = Limits(max_file_bytes=10, max_total_bytes=10_000, max_files=2)


def findings_of(draft: Draft, limits: Limits | None = None) -> dict[str, str]:
    check = check_draft(draft=again(draft), limits=limits or limits_of(draft))
    return {finding.code: finding.severity for finding in check.findings}


def found(draft: Draft, code: str, limits: Limits | None = None) -> dict:
    check = check_draft(draft=again(draft), limits=limits or limits_of(draft))
    return next(finding.spelt() for finding in check.findings if finding.code == code)


# The endpoint -----------------------------------------------------------------------------------


def test_a_complete_draft_has_no_findings(alice, bob, charlie, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    body = alice.api.get(url_of(draft, "check")).json()
    assert body.pop("encoded_size") > 300
    assert body == {"ok": True, "findings": []}
    assert bob.api.get(url_of(draft, "check")).status_code == 200
    assert charlie.api.get(url_of(draft, "check")).status_code == 404


def test_it_spells_findings_with_numbers_and_remedies(alice, inbox):
    alice.workspace.max_message_bytes = 100
    alice.workspace.save()
    late = make_reservation(alice.workspace)
    draft = make_draft(inbox, files=[late])
    body = alice.api.get(url_of(draft, "check")).json()
    assert not body["ok"]
    assert body["findings"] == [
        {
            "code": "attachment_not_ready",
            "severity": "waiting",
            "message": "late.pdf has not been uploaded yet.",
            "field": "attachments[0]",
            "attachment_id": spell("att", late.pk),
            "remedy": "It is sent as soon as the file is in.",
        },
        {
            "code": "message_too_large",
            "severity": "error",
            "message": f"The message would have {body['encoded_size']} bytes; "
            "at most 100 are allowed.",
            "limit": 100,
            "actual": body["encoded_size"],
            "remedy": "Remove a file, or send a link to it.",
        },
    ]


def test_the_size_is_that_of_the_message(alice, inbox):
    answered = make_message(inbox)
    files = [
        make_file(alice.workspace, random.Random(1).randbytes(100_000), filename="Übung.pdf"),
        Enclosure(make_file(alice.workspace, PNG, filename="x.png"), inline=True, content_id="x@y"),
    ]
    draft = make_draft(
        inbox, files=files, html='<img src="cid:x@y">', in_reply_to=answered, headers={"X-A": "1"}
    )
    size = check_draft(draft=again(draft), limits=limits_of(draft)).encoded_size
    sent = send_draft(draft=draft, limits=limits_of(draft))
    assert Message.objects.get(pk=sent.message_id).size == size


# Sender and recipients --------------------------------------------------------------------------


def test_it_wants_an_inbox(alice):
    draft = make_draft(None, workspace=alice.workspace)
    assert findings_of(draft) == {"no_sender": "error"}
    assert check_draft(draft=draft, limits=limits_of(draft)).encoded_size


def test_it_wants_an_inbox_that_is_open(alice, inbox):
    draft = make_draft(inbox)
    delete_inbox(inbox=inbox)
    assert findings_of(draft) == {"no_sender": "error"}


def test_it_wants_a_sender_of_that_inbox(alice, inbox):
    draft = make_draft(inbox)
    Draft.objects.update(from_email="boss@acme.test")
    assert findings_of(draft) == {"not_sender": "error"}


def test_it_wants_recipients(alice, inbox):
    assert findings_of(make_draft(inbox, to=[])) == {"no_recipients": "error"}
    for role in ("cc", "bcc"):
        draft = make_draft(inbox, **{"to": [], role: [Address("ann@example.com")]})
        assert findings_of(draft) == {}


def test_it_names_a_recipient_who_cannot_be_one(alice, inbox):
    draft = make_draft(inbox)
    Draft.objects.update(
        cc=[{"email": "bo@example.com", "name": None}, {"email": "x", "name": None}]
    )
    assert found(draft, "invalid_address")["field"] == "cc[1]"
    assert not check_draft(draft=again(draft), limits=limits_of(draft)).ok


def test_it_names_a_recipient_who_is_there_twice(alice, inbox):
    draft = make_draft(inbox, to=[Address("ann@example.com")], bcc=[Address("ann@EXAMPLE.com")])
    finding = found(draft, "duplicate_recipient")
    assert (finding["severity"], finding["field"]) == ("warning", "bcc[0]")


def test_it_suggests_bcc_for_many(alice, inbox):
    many = [Address(f"p{number}@example.com") for number in range(26)]
    assert findings_of(make_draft(inbox, cc=many)) == {"many_visible_recipients": "warning"}
    assert findings_of(make_draft(inbox, bcc=many)) == {}


def test_it_refuses_far_too_many(alice, inbox):
    many = [Address(f"p{number}@example.com") for number in range(1001)]
    finding = found(make_draft(inbox, to=[], bcc=many), "too_many_recipients")
    assert (finding["limit"], finding["actual"]) == (1000, 1001)


# What is written --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": " "}, "no_subject"),
        ({"text": None}, "empty_message"),
        ({"text": " \n", "html": " "}, "empty_message"),
        ({"text": "The file is attached."}, "forgotten_attachment"),
        ({"text": None, "html": "<p>Anbei die <b>Rechnung</b></p>"}, "forgotten_attachment"),
        ({"subject": "Invoice attached"}, "forgotten_attachment"),
        ({"html": '<img src="cid:logo@x">'}, "dangling_content_id"),
    ],
)
def test_it_warns_people(alice, inbox, fields, code):
    draft = make_draft(inbox, **fields)
    assert findings_of(draft) == {code: "warning"}


def test_a_file_answers_the_words_and_fills_the_message(alice, inbox):
    file = make_file(alice.workspace)
    assert findings_of(make_draft(inbox, text="It is attached.", files=[file])) == {}
    assert findings_of(make_draft(inbox, text=None, files=[file])) == {}


def test_it_names_the_picture_that_would_be_missing(alice, inbox):
    draft = make_draft(inbox, html="<img src='cid:a@x'><img src='cid:b@x'>")
    check = check_draft(draft=draft, limits=limits_of(draft))
    assert [finding.actual for finding in check.findings] == ["a@x", "b@x"]


def test_a_plain_file_with_the_content_id_is_no_picture(alice, inbox):
    file = Enclosure(make_file(alice.workspace, PNG, filename="x.png"), content_id="x@y")
    draft = make_draft(inbox, html="<img src='cid:x@y'>", files=[file])
    assert findings_of(draft) == {"dangling_content_id": "warning"}


def test_it_names_the_inline_file_that_nothing_shows(alice, inbox):
    file = Enclosure(make_file(alice.workspace, PNG, filename="x.png"), inline=True)
    draft = make_draft(inbox, html="<p>x</p>", files=[file])
    finding = found(draft, "unused_inline_file")
    assert (finding["severity"], finding["field"]) == ("warning", "attachments[0]")
    shown = f'<img src="cid:{draft.files[0].content_id}">'
    assert findings_of(make_draft(inbox, html=shown, files=draft.carried)) == {}


def test_what_cannot_be_written_is_an_error_that_names_its_field(alice, inbox):
    draft = make_draft(inbox)
    Draft.objects.update(headers={"Bcc": "x@y.z"})
    check = check_draft(draft=again(draft), limits=limits_of(draft))
    assert (check.ok, check.encoded_size) == (False, None)
    assert found(draft, "invalid_header")["field"] == "headers.Bcc"


def test_a_note_needs_neither_recipients_nor_subject(alice, inbox):
    draft = make_draft(inbox, channel="note", to=[], subject="", text="It is attached.")
    assert findings_of(draft) == {}


# Files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"state": "stored"}, "attachment_not_ready", "waiting"),
        ({"state": "refused", "reason": "A virus."}, "attachment_refused", "error"),
        ({"state": "gone", "blob": None, "reason_code": "lost"}, "attachment_gone", "error"),
        ({"state": "ready", "deleted_at": timezone.now()}, "attachment_gone", "error"),
    ],
)
def test_it_reads_the_state_of_files(alice, inbox, changes, code, severity):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    gone_at = timezone.now() if changes["state"] == "gone" else None
    Attachment.objects.update(gone_at=gone_at, **changes)
    finding = found(draft, code)
    assert finding["severity"] == severity
    assert finding["attachment_id"] == spell("att", file.pk)
    assert changes.get("reason", "") in finding["message"]


def test_a_refused_file_stops_the_send(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    Attachment.objects.update(state="refused", reason_code="virus", reason="A virus.")
    response = alice.api.post(url_of(draft, "send"))
    assert response.status_code == 422
    assert response.json()["error"]["details"][0]["code"] == "attachment_refused"


def test_it_keeps_to_the_limits_of_the_door(alice, inbox):
    files = [make_file(alice.workspace, b"x" * size, filename=f"{size}") for size in (1, 11, 2)]
    draft = make_draft(inbox, files=files)
    assert findings_of(draft, SMALL) == {"too_many_files": "error", "file_too_large": "error"}
    finding = found(draft, "file_too_large", SMALL)
    assert finding["field"] == "attachments[1].size"
    assert (finding["limit"], finding["actual"]) == (10, 11)


def test_it_names_a_blocked_type(alice, inbox):
    limits = replace(limits_of(make_draft(inbox)), blocked_extensions=frozenset({"exe"}))
    draft = make_draft(inbox, files=[make_file(alice.workspace, filename="a.EXE")])
    finding = found(draft, "type_blocked", limits)
    assert (finding["severity"], finding["actual"]) == ("error", "exe")
    renamed = make_draft(
        inbox, files=[Enclosure(make_file(alice.workspace, filename="a"), filename="b.exe")]
    )
    assert found(renamed, "type_blocked", limits)


def test_it_names_bytes_that_are_something_else(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace, b"hello", filename="a.pdf")])
    finding = found(draft, "type_mismatch")
    assert (finding["severity"], finding["limit"], finding["actual"]) == (
        "warning",
        "application/pdf",
        "text/plain",
    )


def test_it_names_a_name_that_misleads(alice, inbox):
    files = [make_file(alice.workspace, b"MZ words", filename="invoice.pdf.exe")]
    finding = found(make_draft(inbox, files=files), "misleading_name")
    assert (finding["severity"], finding["field"]) == ("warning", "attachments[0].filename")
    assert finding["message"] == "invoice.pdf.exe looks like .pdf, and is .exe."
    assert (finding["limit"], finding["actual"]) == ("pdf", ".exe")


def test_the_name_that_the_draft_gives_counts(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace, PNG, filename="a.png")])
    assert findings_of(draft) == {}
    DraftAttachment.objects.update(filename="a.pdf")
    assert found(draft, "misleading_name")["actual"] == "image/png"


def test_it_names_an_empty_file(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace, b"", filename="a.txt")])
    assert findings_of(draft) == {"empty_file": "warning"}


def test_it_names_a_content_id_that_is_there_twice(alice, inbox):
    files = [make_file(alice.workspace, name.encode(), filename=name) for name in "ab"]
    draft = make_draft(inbox, files=files)
    DraftAttachment.objects.update(content_id="x@y")
    check = check_draft(draft=again(draft), limits=limits_of(draft))
    assert [finding.field for finding in check.errors] == [
        "attachments[0].content_id",
        "attachments[1].content_id",
    ]
