"""What a verdict on bytes means for the files that have them"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from attachments.errors import AttachmentRefused, NotQuarantined
from attachments.models import VERDICT_LIFE, Attachment, Blob
from attachments.retention import delete_attachment
from attachments.scanning.queue import scan_due
from attachments.scanning.verdicts import release_attachment
from project.events.models import Event
from project.ids import spell
from tests.attachments.make import make_attachment, make_reserved
from tests.messaging.make import make_inbox, make_message
from tests.services.clamav import EICAR, EICAR_NAME, WORD, WORD_NAME


def again(attachment: Attachment) -> Attachment:
    return Attachment.objects.select_related("blob").get(pk=attachment.pk)


def kinds_of(attachment: Attachment) -> list[str]:
    return list(
        Event.objects.filter(subject_id=attachment.pk)
        .order_by("position")
        .values_list("kind", flat=True)
    )


def test_without_a_scanner_files_are_ready_at_once(alice):
    file = make_attachment(alice.workspace)
    assert (file.state, file.blob.verdict, file.blob.scanned_at) == ("ready", "unscanned", None)


def test_a_file_waits_until_its_bytes_are_found_clean(alice, scanning):
    file = make_attachment(alice.workspace)
    assert file.state == "stored"
    assert scan_due() == 1
    file = again(file)
    assert (file.state, file.reason_code, file.reason) == ("ready", "", "")
    assert (file.blob.verdict, file.blob.signature) == ("clean", "")
    assert file.blob.engine.startswith("ClamAV")
    assert timezone.now() - file.blob.scanned_at < timedelta(minutes=1)
    assert kinds_of(file) == ["attachment.stored", "attachment.ready"]


def test_all_files_of_infected_bytes_are_refused_and_keep_them(alice, charlie, scanning):
    mine = [make_attachment(alice.workspace, EICAR, filename=name) for name in ("a.txt", "b.txt")]
    theirs = make_attachment(charlie.workspace, EICAR)
    good = make_attachment(alice.workspace)
    assert scan_due() == 3
    for file in (*mine, theirs):
        file = again(file)
        assert (file.state, file.reason_code) == ("refused", "malware")
        assert file.reason == f"The scanner found {EICAR_NAME} in it."
        assert (file.blob.verdict, file.blob.signature) == ("infected", EICAR_NAME)
        assert kinds_of(file) == ["attachment.stored", "attachment.refused"]
    assert again(good).state == "ready"
    refused = Event.objects.filter(kind="attachment.refused", subject_id=mine[0].pk).get()
    assert (refused.payload["code"], refused.payload["filename"]) == ("malware", "a.txt")
    assert EICAR_NAME in refused.payload["reason"]


def test_nobody_can_have_what_is_refused(alice, bob, charlie, scanning):
    file = make_attachment(alice.workspace, EICAR)
    path = f"/api/v1/attachments/{spell('att', file.pk)}"
    assert bob.api.get(f"{path}/content").status_code == 425
    scan_due()
    told = bob.api.get(path).json()
    assert (told["state"], told["download_url"]) == ("refused", None)
    assert told["reason"]["code"] == "malware"
    for ending in ("content", "preview"):
        answer = bob.api.get(f"{path}/{ending}")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "attachment_refused"
        assert EICAR_NAME in answer.json()["error"]["message"]
        assert charlie.api.get(f"{path}/{ending}").status_code == 404
    assert charlie.api.get(path).status_code == 404


def test_known_bytes_are_not_scanned_again_while_their_verdict_is_young(alice, scanning):
    for content in (b"foo", EICAR):
        make_attachment(alice.workspace, content)
    scan_due()
    scanning.stop()
    assert make_attachment(alice.workspace, filename="again.txt").state == "ready"
    bad = make_attachment(alice.workspace, EICAR, filename="again.com")
    assert (bad.state, bad.reason_code) == ("refused", "malware")
    assert kinds_of(bad) == ["attachment.stored", "attachment.refused"]


def test_an_old_verdict_is_no_verdict(alice, scanning):
    first = make_attachment(alice.workspace)
    scan_due()
    Blob.objects.update(scanned_at=timezone.now() - VERDICT_LIFE - timedelta(seconds=1))
    second = make_attachment(alice.workspace)
    assert (again(first).state, second.state) == ("ready", "stored")
    assert scan_due() == 1
    assert again(second).state == "ready"
    assert timezone.now() - again(second).blob.scanned_at < timedelta(minutes=1)


def test_the_verdict_of_a_stranger_says_nothing(alice, charlie, scanning):
    make_attachment(alice.workspace)
    scan_due()
    assert make_attachment(charlie.workspace).state == "stored"


def test_a_file_that_comes_while_the_verdict_is_written_is_settled(alice, scanning):
    first = make_attachment(alice.workspace, EICAR)
    scan_due()
    late = make_attachment(alice.workspace, EICAR)
    Attachment.objects.filter(pk=late.pk).update(state="stored", reason_code="", reason="")
    scanning.stop()
    assert scan_due() == 0
    assert again(late).state == again(first).state == "refused"


def test_new_signatures_take_back_what_was_clean(alice, scanning):
    file = make_attachment(alice.workspace, b"fresh malware of today")
    scan_due()
    assert again(file).state == "ready"
    scanning.learn(Fresh=b"fresh malware")
    Blob.objects.update(scan_at=timezone.now())
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code) == ("refused", "malware")
    assert kinds_of(file)[-1] == "attachment.refused"


def test_a_false_alarm_gives_files_back(alice, scanning):
    scanning.learn(Wrong=b"harmless")
    file = make_attachment(alice.workspace, b"a harmless file")
    scan_due()
    assert again(file).state == "refused"
    scanning.learn()
    Blob.objects.update(scan_at=timezone.now())
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == ("ready", "", "clean")


def test_an_operator_releases_a_file_and_answers_for_it(alice, scanning):
    file = make_attachment(alice.workspace, WORD)
    scan_due()
    released = release_attachment(attachment=file, by="op@acme.test", reason="Our own test file")
    assert (released.state, released.reason_code) == ("ready", "released")
    assert released.reason == "Released by op@acme.test: Our own test file"
    event = Event.objects.get(kind="attachment.released", subject_id=file.pk)
    assert event.actor == "op@acme.test"
    assert event.payload["reason"] == "Our own test file"
    assert (event.payload["verdict"], event.payload["signature"]) == ("infected", WORD_NAME)
    assert kinds_of(file)[-1] == "attachment.ready"
    answer = alice.api.get(f"/api/v1/attachments/{spell('att', file.pk)}/content")
    assert b"".join(answer.streaming_content) == WORD
    with pytest.raises(NotQuarantined):
        release_attachment(attachment=file, by="op@acme.test", reason="Once more")


def test_a_released_file_stays_so_until_something_else_is_found(alice, scanning):
    file = make_attachment(alice.workspace, WORD)
    scan_due()
    release_attachment(attachment=file, by="op", reason="Known")
    Blob.objects.update(scan_at=timezone.now())
    assert scan_due() == 1
    assert again(file).state == "ready"
    other = make_attachment(alice.workspace, WORD)
    assert other.state == "refused"  # the release was of one file
    # The first signature that fits, by its place in the file, is the one that is told.
    scanning.learn(Another=WORD[:12])
    Blob.objects.update(scan_at=timezone.now(), signature="Something.Else")
    scan_due()
    assert again(file).state == "refused"


def test_what_no_scan_holds_back_cannot_be_released(alice):
    for file in (make_attachment(alice.workspace), make_reserved(alice.workspace)):
        with pytest.raises(NotQuarantined):
            release_attachment(attachment=file, by="op", reason="Why not")
    elsewise = make_attachment(alice.workspace, b"other")
    Attachment.objects.filter(pk=elsewise.pk).update(state="refused", reason_code="policy")
    with pytest.raises(NotQuarantined):
        release_attachment(attachment=elsewise, by="op", reason="Why not")


def test_a_scanner_that_cannot_say_takes_nothing_back(alice, scanning):
    file = make_attachment(alice.workspace, WORD + bytes(3_000_000))
    Blob.objects.update(
        verdict="infected",
        signature=WORD_NAME,
        engine="Older",
        scanned_at=timezone.now(),
        scan_at=timezone.now(),
    )
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == ("refused", "malware", "infected")


def test_a_deleted_file_says_that_it_was_refused(alice, scanning):
    file = make_attachment(alice.workspace, EICAR)
    scan_due()
    delete_attachment(attachment=file)
    file = again(file)
    assert (file.state, file.reason_code) == ("gone", "malware")
    assert EICAR_NAME in file.reason


def test_a_refused_file_cannot_be_attached_or_sent(alice, scanning):
    file = make_attachment(alice.workspace, EICAR)
    scan_due()
    inbox = make_inbox(alice.workspace)
    with pytest.raises(AttachmentRefused):
        make_message(inbox, files=[file])


@pytest.mark.parametrize(
    "lie",
    [
        {"verdict": "clean"},
        {"verdict": "infected", "engine": "x", "scanned_at": timezone.now()},
        {"verdict": "unscannable", "signature": "x", "scanned_at": timezone.now()},
        {"verdict": "unscanned", "scanned_at": timezone.now()},
        {"verdict": "clean", "engine": "x", "signature": "x", "scanned_at": timezone.now()},
        {"verdict": "fine", "engine": "x", "scanned_at": timezone.now()},
    ],
)
def test_a_verdict_says_who_when_and_what(alice, lie):
    make_attachment(alice.workspace)
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.update(**lie)
