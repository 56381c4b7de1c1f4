"""`manage.py delete_person`: Ann writes to Alice's workspace and is written to; Bob works there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.utils import timezone

from attachments.models import Attachment
from attachments.retention import purge
from attachments.storage import attachment_storage
from drafts.models import Draft
from drafts.services import send_draft
from messaging.addresses import Address
from messaging.models import (
    Arrival,
    Captured,
    Customer,
    Delivery,
    Inbox,
    Message,
    Suppression,
    Thread,
)
from messaging.outbox.drain import deliver_due
from messaging.suppressions import suppress
from project.events.models import Event, WebhookDelivery
from project.events.services import acting_as
from project.ids import spell
from project.leaving import correspondence, steps
from project.tenancy.models import Invitation, Member, User, Workspace
from project.workspaces.invitations import invite_member
from project.workspaces.members import change_role
from tests.drafts.make import limits_of, make_draft
from tests.events.make import make_endpoint
from tests.leaving.make import Filled, fill, raw_mail
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, receive
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"
SETTINGS = "/mail/settings/you"


@dataclass
class Desk:
    """The command, as an operator runs it."""

    report: Path

    def delete(self, address: str, *words: str) -> dict[str, Any]:
        """What it reports, with its exit status and what it says."""
        said, status = StringIO(), 0
        words = (*words, "--report", str(self.report))
        try:
            call_command("delete_person", address, *words, stdout=said)
        except CommandError as error:
            status = error.returncode
        told: dict[str, Any] = json.loads(self.report.read_text())
        return {**told, "status": status, "said": said.getvalue()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "report.json")


@pytest.fixture
def filled(alice: Person) -> Filled:
    return fill(alice.workspace)


def everything() -> dict[str, Any]:
    """All rows of all tables."""
    models = [model for model in apps.get_models() if model is not Session]
    return {str(model): list(model._default_manager.order_by("pk").values()) for model in models}


def objects() -> list[str]:
    return [one.key for one in attachment_storage().walk()]


def deleted_of(report: dict[str, Any], workspace: Workspace | None) -> dict[str, int]:
    """What a report says is deleted of a workspace, or of none."""
    wanted = spell("wsp", workspace.pk) if workspace else None
    for counts in report["deleted"]:
        if counts["workspace"] == wanted:
            return {what: count for what, count in counts.items() if what != "workspace"}
    return {}


def kept_of(report: dict[str, Any], what: str) -> dict[str, Any]:
    (note,) = [note for note in report["stays"] if note["what"] == what]
    return note


# Who writes and is written to -------------------------------------------------------------------


def test_letters_with_somebody_alone_go_with_their_files(alice: Person, filled: Filled, desk: Desk):
    Arrival.objects.filter(message=None).delete()
    received = filled.received.enclosures.get().attachment
    report = desk.delete(ANN)
    assert deleted_of(report, alice.workspace) == {
        "messages": 2,
        "drafts": 1,
        "files": 1,
        "contacts": 1,
        "threads": 2,
    }
    assert not Message.objects.exists()
    assert not Draft.objects.exists()
    assert not Thread.objects.exists()
    assert not Customer.objects.exists()
    received.refresh_from_db()
    assert (received.state, received.blob, received.filename) == ("gone", None, "deleted")
    purge(at=timezone.now() + timedelta(days=31))
    assert not [key for key in objects() if not key.startswith("arrivals/")]


def test_nothing_of_their_letters_stays_in_the_storage(filled: Filled, desk: Desk):
    raw = Arrival.objects.get(message=filled.received).key
    tray = Captured.objects.get().key
    blob = filled.received.enclosures.get().attachment.blob.key
    assert {raw, tray, blob} <= set(objects())
    desk.delete(ANN)
    assert not {raw, tray} & set(objects())
    purge(at=timezone.now() + timedelta(hours=2))
    assert blob not in objects()
    assert Arrival.objects.get().key in objects()  # not read yet: it stays, and is told


def test_mail_that_is_not_read_yet_is_told(filled: Filled, desk: Desk):
    Arrival.objects.filter(message=None).update(mail_from="Ann@Example.com")
    assert kept_of(desk.delete(ANN), "mail")["ids"] == [spell("arr", Arrival.objects.get().pk)]


def test_letters_with_others_are_named_and_stay(alice: Person, inbox: Inbox, desk: Desk):
    both = make_message(inbox, letter_to(ANN, "ben@example.com"))
    copied = receive(inbox, raw_mail(1).replace(b"Subject", b"Cc: ben@example.com\r\nSubject"))
    draft = make_draft(inbox, to=[Address(ANN), Address("ben@example.com")])
    deliver_due()
    report = desk.delete(ANN)
    assert kept_of(report, "messages")["ids"] == [spell("msg", one.pk) for one in (both, copied)]
    assert kept_of(report, "drafts")["ids"] == [spell("drf", draft.pk)]
    assert Message.objects.count() == 2
    assert "--all" in kept_of(report, "messages")["why"]
    assert report["status"] == 0
    assert deleted_of(desk.delete(ANN, "--all"), alice.workspace)["messages"] == 2
    assert not Message.objects.exists()
    assert not Draft.objects.exists()


def test_the_workspaces_own_addresses_are_no_others(alice: Person, inbox: Inbox, desk: Desk):
    make_inbox(alice.workspace, address="sales@acme.test")
    receive(inbox, raw_mail(1).replace(b"Subject", b"Cc: sales+x@acme.test\r\nSubject"))
    assert deleted_of(desk.delete(ANN), alice.workspace)["messages"] == 1


def test_an_address_is_the_same_in_any_case_and_no_longer_one(inbox: Inbox, desk: Desk):
    mine = make_message(inbox, letter_to("Ann@EXAMPLE.com"))
    other = make_message(inbox, letter_to("joann@example.com"))
    deliver_due()
    desk.delete(ANN)
    assert [one.pk for one in Message.objects.all()] == [other.pk] != [mine.pk]


def test_an_address_of_another_alphabet_is_found(inbox: Inbox, desk: Desk):
    make_message(inbox, letter_to("ann@bücher.example"))
    deliver_due()
    desk.delete("ann@xn--bcher-kva.example")
    assert not Message.objects.exists()


def test_a_file_of_several_letters_goes_with_the_last(
    inbox: Inbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """Two letters of theirs share one, and a letter of somebody else's has another."""
    monkeypatch.setattr(steps, "BATCH", 1)
    shared, other = make_file(inbox.workspace), make_file(inbox.workspace, b"%PDF-1.4 other")
    Attachment.objects.update(origin="enclosed")
    for _ in range(2):
        make_message(inbox, letter_to(ANN), files=[shared, other])
    make_message(inbox, letter_to("ben@example.com"), files=[other])
    deliver_due()
    rehearsed = deleted_of(desk.delete(ANN, "--dry-run"), inbox.workspace)
    assert rehearsed["files"] == 1
    assert deleted_of(desk.delete(ANN), inbox.workspace) == rehearsed
    shared.refresh_from_db()
    other.refresh_from_db()
    assert (shared.state, other.state) == ("gone", "ready")
    assert other.filename == "a.pdf"


def test_what_was_uploaded_by_itself_stays_for_its_time(filled: Filled, desk: Desk):
    assert kept_of(desk.delete(ANN), "files")["count"] == 3
    assert Attachment.objects.filter(origin="upload", state="ready").count() == 3


@pytest.mark.parametrize("words", [[], ["--dry-run"]])
def test_what_is_due_to_leave_is_in_the_way(
    alice: Person, filled: Filled, desk: Desk, words: list[str]
):
    due = make_message(filled.inbox, letter_to(ANN), due_at=timezone.now() + timedelta(days=1))
    before = everything()
    report = desk.delete(ANN, *words)
    assert (report["status"], report["refused"], report["deleted"]) == (1, True, [])
    (note,) = report["in_the_way"]
    assert note["ids"] == [spell("msg", due.pk)]
    assert "cancel it first" in report["said"]
    assert everything() == before


def test_do_not_send_stays_as_it_is(alice: Person, inbox: Inbox, desk: Desk):
    suppress(workspace=alice.workspace, email=ANN, reason="unsubscribe")
    note = kept_of(desk.delete(ANN), "suppressions")
    assert (note["count"], note["workspace"]) == (1, spell("wsp", alice.workspace.pk))
    assert Suppression.objects.get().email == ANN


def test_the_log_keeps_what_happened_and_no_address(alice: Person, inbox: Inbox, desk: Desk):
    suppress(workspace=alice.workspace, email=ANN)
    receive(inbox, raw_mail(1))
    events = set(Event.objects.values_list("id", flat=True))
    report = desk.delete(ANN)
    assert events <= set(Event.objects.values_list("id", flat=True))
    told = json.dumps([*Event.objects.values_list("payload", flat=True)])
    assert ANN not in told
    assert ".bin" not in told
    event = Event.objects.get(kind="person.deleted")
    assert event.payload["deleted"] == deleted_of(report, alice.workspace)
    assert (event.actor, spell("per", event.subject_id)) == ("command:delete_person", report["id"])


def test_what_webhooks_were_told_of_them_is_forgotten(alice: Person, desk: Desk):
    endpoint = make_endpoint(alice.workspace)
    suppress(workspace=alice.workspace, email=ANN)
    event = Event.objects.get(kind="suppression.added")
    told = {"endpoint": endpoint, "event": event, "kind": event.kind, "state": "delivered"}
    WebhookDelivery.objects.create(**told, body=json.dumps({"email": ANN}))
    WebhookDelivery.objects.create(**told, part=ANN)
    desk.delete(ANN)
    assert list(WebhookDelivery.objects.values_list("body", "part")) == [("", "")]


def test_a_rehearsal_reports_the_same_and_changes_nothing(
    alice: Person, bob: Person, filled: Filled, desk: Desk
):
    invite_member(workspace=alice.workspace, email=ANN, role="member", by=alice.user)
    for address in (ANN, "bob@acme.test"):
        before, lying = everything(), objects()
        rehearsed = desk.delete(address, "--dry-run")
        assert everything() == before
        assert objects() == lying
        assert rehearsed["dry_run"] is True
        done = desk.delete(address)
        for name in ("deleted", "stays", "in_the_way", "status"):
            assert rehearsed[name] == done[name], name
        assert done["deleted"]


def test_a_second_time_finds_nothing_and_says_nothing_in_the_log(
    alice: Person, bob: Person, filled: Filled, desk: Desk
):
    for address in (ANN, "bob@acme.test"):
        assert desk.delete(address)["deleted"]
        before = everything()
        again = desk.delete(address)
        assert (again["status"], again["deleted"]) == (0, [])
        assert everything() == before


def test_one_that_was_broken_off_goes_on(
    alice: Person, inbox: Inbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """Each batch stands by itself: the first of two letters is gone, the second goes later."""
    monkeypatch.setattr(steps, "BATCH", 1)
    for number in range(2):
        receive(inbox, raw_mail(number))
    deletions = iter([correspondence.delete_messages])

    def broken(**words: Any) -> None:
        next(deletions)(**words)

    with monkeypatch.context() as patch, pytest.raises(StopIteration):
        patch.setattr(correspondence, "delete_messages", broken)
        desk.delete(ANN)
    assert Message.objects.count() == 1
    assert deleted_of(desk.delete(ANN), alice.workspace)["messages"] == 1
    assert not Message.objects.exists()


def test_what_was_queued_a_moment_ago_stays_and_so_does_the_account(
    alice: Person, bob: Person, inbox: Inbox, desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """Between the look and the deletion an operator sends it again."""
    message = make_message(inbox, letter_to("bob@acme.test"))
    deliver_due()
    deleting = correspondence.delete_messages

    def late(**words: Any) -> None:
        Delivery.objects.update(state="held")
        deleting(**words)

    monkeypatch.setattr(correspondence, "delete_messages", late)
    report = desk.delete("bob@acme.test")
    assert (report["status"], report["refused"]) == (1, True)
    assert report["in_the_way"][0]["ids"] == [spell("msg", message.pk)]
    assert Message.objects.get() == message
    assert Member.objects.filter(user=bob.user).exists()


def test_what_charlie_has_of_them_goes_only_without_a_workspace(
    alice: Person, charlie: Person, filled: Filled, desk: Desk
):
    theirs = fill(charlie.workspace, address="charlie@acme.test")
    report = desk.delete(ANN, "--workspace", "Acme")
    assert deleted_of(report, charlie.workspace) == {}
    assert set(Message.objects.all()) == {theirs.sent, theirs.received}
    assert Customer.objects.get().workspace == charlie.workspace
    desk.delete(ANN)
    assert not Message.objects.exists()


def test_an_inbox_of_the_workspace_is_nobody(alice: Person, filled: Filled, desk: Desk):
    report = desk.delete("desk@acme.test")
    assert report["deleted"] == []
    assert kept_of(report, "inbox")["workspace"] == spell("wsp", alice.workspace.pk)
    assert Message.objects.count() == 2


def test_it_says_what_is_no_address_and_no_workspace(alice: Person):
    with pytest.raises(CommandError, match="Not a mail address"):
        call_command("delete_person", "ann")
    with pytest.raises(CommandError, match="There is no workspace 'none'"):
        call_command("delete_person", ANN, "--workspace", "none")


def test_nobody_else_can_read_the_report(alice: Person, desk: Desk):
    desk.delete(ANN)
    assert desk.report.stat().st_mode & 0o077 == 0


# Who signs in -----------------------------------------------------------------------------------


def test_an_account_goes_with_all_that_lets_it_in(alice: Person, bob: Person, desk: Desk):
    browser = bob.browser
    assert browser.get(SETTINGS).status_code == 200
    Authenticator.objects.create(user=bob.user, type="totp", data={})
    report = desk.delete("Bob@acme.test")
    counts = deleted_of(report, None)
    assert (counts["accounts"], counts["sessions"], counts["second steps"]) == (1, 1, 1)
    assert deleted_of(report, alice.workspace)["memberships"] == 1
    assert report["user"] == spell("usr", bob.user.pk)
    assert list(User.objects.all()) == [alice.user]
    assert not Session.objects.exists()
    assert not Authenticator.objects.exists()
    assert browser.get(SETTINGS).status_code == 302


def test_the_log_goes_on_to_name_the_id(alice: Person, bob: Person, desk: Desk):
    member = Member.objects.get(user=bob.user)
    with acting_as(bob.user.actor):
        change_role(member=member, role="auditor", by=alice.user)
    desk.delete("bob@acme.test")
    event = Event.objects.get(kind="member.updated")
    assert (event.actor, event.payload) == (
        bob.user.actor,
        {"email": "deleted", "role": "auditor"},
    )
    removed = Event.objects.get(kind="member.removed")
    assert removed.payload == {"role": "auditor", "user": spell("usr", bob.user.pk)}
    assert "bob@acme.test" not in json.dumps([*Event.objects.values_list("payload", flat=True)])


def test_the_last_owner_of_others_is_refused(alice: Person, bob: Person, desk: Desk):
    before = everything()
    report = desk.delete("alice@acme.test")
    assert (report["status"], report["deleted"]) == (1, [])
    assert "make somebody else an owner first" in report["in_the_way"][0]["why"]
    assert everything() == before
    change_role(member=Member.objects.get(user=bob.user), role="owner", by=alice.user)
    assert desk.delete("alice@acme.test")["status"] == 0
    assert list(User.objects.all()) == [bob.user]


def test_drafts_go_where_they_were_alone_and_stay_where_others_are(
    alice: Person, bob: Person, charlie: Person, desk: Desk
):
    shared = make_draft(make_inbox(alice.workspace), to=[])
    Member.objects.create(workspace=alice.workspace, user=charlie.user)
    make_draft(make_inbox(charlie.workspace), to=[])
    report = desk.delete("charlie@acme.test")
    assert list(Draft.objects.all()) == [shared]
    assert deleted_of(report, charlie.workspace) == {"drafts": 1, "memberships": 1}
    assert kept_of(report, "drafts")["workspace"] == spell("wsp", alice.workspace.pk)
    assert kept_of(report, "workspace")["workspace"] == spell("wsp", charlie.workspace.pk)


def test_a_draft_of_theirs_that_is_due_is_in_the_way(charlie: Person, desk: Desk):
    draft = make_draft(make_inbox(charlie.workspace))
    send_draft(draft=draft, limits=limits_of(draft), send_at=timezone.now() + timedelta(days=1))
    report = desk.delete("charlie@acme.test")
    assert report["in_the_way"][0]["ids"] == [spell("drf", draft.pk)]
    assert User.objects.filter(pk=charlie.user.pk).exists()
    assert Message.objects.exists()


def test_one_workspace_loses_them_and_the_account_stays(
    alice: Person, bob: Person, charlie: Person, desk: Desk
):
    Member.objects.create(workspace=charlie.workspace, user=bob.user)
    report = desk.delete("bob@acme.test", "--workspace", spell("wsp", alice.workspace.pk))
    assert [one.workspace for one in bob.user.memberships.all()] == [charlie.workspace]
    assert kept_of(report, "account")["ids"] == [spell("usr", bob.user.pk)]


def test_invitations_go(alice: Person, charlie: Person, desk: Desk):
    for one in (alice, charlie):
        invite_member(workspace=one.workspace, email=ANN, role="member", by=one.user)
    desk.delete(ANN, "--workspace", "Acme")
    assert Invitation.objects.get().workspace == charlie.workspace
    desk.delete(ANN)
    assert not Invitation.objects.exists()
    assert ANN not in json.dumps([*Event.objects.values_list("payload", flat=True)])


def test_a_user_at_an_inbox_goes_and_the_inbox_stays(alice: Person, bob: Person, desk: Desk):
    inbox = make_inbox(alice.workspace, address="bob@acme.test")
    message = receive(inbox, raw_mail(1).replace(b"desk@", b"bob@"))
    desk.delete("bob@acme.test")
    assert not User.objects.filter(pk=bob.user.pk).exists()
    assert Message.objects.get() == message
