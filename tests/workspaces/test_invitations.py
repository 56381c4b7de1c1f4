"""Invitations: who may ask whom in, and what a link is good for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from project.errors import Invalid, NotFound
from project.events.models import Event
from project.tenancy.models import Invitation, Member, User
from project.workspaces.errors import AlreadyMember, InvitationOver, OwnersOnly, WrongPerson
from project.workspaces.invitations import (
    LIFE,
    find_invitation,
    invite_member,
    join_as,
    join_as_new,
    link_for,
    renew_invitation,
    withdraw_invitation,
)
from tests.make import PASSWORD, make_member, make_user
from tests.people import Person
from tests.workspaces.make import invite, token_of


def test_it_writes_a_mail_with_a_link_and_makes_nobody(
    alice: Person, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        invitation = invite(alice, "Dora@Example.com")
    assert invitation.email == "dora@example.com"
    (letter,) = mail.outbox
    assert letter.to == ["dora@example.com"]
    assert link_for(invitation=invitation, by=alice.user) in letter.body
    assert "Acme" in letter.body
    assert User.objects.with_email("dora@example.com") is None
    assert alice.workspace.memberships.count() == 1


def test_a_mail_that_cannot_leave_does_not_undo_the_invitation(
    alice: Person, settings, django_capture_on_commit_callbacks, caplog
):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with django_capture_on_commit_callbacks(execute=True):
        invitation = invite(alice)
    assert Invitation.objects.get() == invitation
    assert "could not be sent" in caplog.text
    assert token_of(invitation) not in caplog.text


def test_the_link_makes_a_person_who_is_a_member(alice: Person):
    invitation = find_invitation(token_of(invite(alice, role="auditor")), at=timezone.now())
    member = join_as_new(invitation=invitation, name="Dora", password=PASSWORD)
    assert (member.workspace, member.role) == (alice.workspace, "auditor")
    assert member.user.check_password(PASSWORD) and member.user.name == "Dora"
    assert not member.user.is_staff


def test_a_link_works_once(alice: Person):
    token = token_of(invite(alice))
    invitation = find_invitation(token, at=timezone.now())
    join_as_new(invitation=invitation, name="", password=PASSWORD)
    with pytest.raises(InvitationOver):
        find_invitation(token, at=timezone.now())
    with pytest.raises(InvitationOver):  # for who had the page open meanwhile
        join_as_new(invitation=invitation, name="", password=PASSWORD)
    assert User.objects.filter(email="dora@example.com").count() == 1


def test_a_link_ends(alice: Person):
    invitation = invite(alice)
    token = token_of(invitation)
    last = invitation.expires_at - timedelta(microseconds=1)
    assert find_invitation(token, at=last) == invitation
    with pytest.raises(InvitationOver):
        find_invitation(token, at=invitation.expires_at)


def test_a_link_that_ended_while_its_page_was_open_lets_nobody_in(alice: Person):
    invitation = invite(alice)
    Invitation.objects.update(expires_at=timezone.now())
    invitation.refresh_from_db()
    with pytest.raises(InvitationOver):
        join_as_new(invitation=invitation, name="", password=PASSWORD)
    assert User.objects.with_email(invitation.email) is None


def test_another_signature_leads_nowhere(alice: Person):
    one, other = invite(alice), invite(alice, "eve@example.com")
    id, _, signature = token_of(one).partition(".")
    wrong = token_of(other).partition(".")[2]
    for token in ("", id, f"{id}.", f"{id}.{wrong}", f"{id}.{signature}x", f"{id}.ß", "inv_1.x"):
        with pytest.raises(InvitationOver):
            find_invitation(token, at=timezone.now())


def test_sending_again_makes_another_link(alice: Person, django_capture_on_commit_callbacks):
    invitation = invite(alice)
    old = token_of(invitation)
    Invitation.objects.update(expires_at=timezone.now() - LIFE)
    with django_capture_on_commit_callbacks(execute=True):
        renew_invitation(invitation=invitation, by=alice.user)
    assert find_invitation(token_of(invitation), at=timezone.now()) == invitation
    assert token_of(invitation) in mail.outbox[-1].body
    with pytest.raises(InvitationOver):
        find_invitation(old, at=timezone.now())


def test_inviting_again_changes_the_role_and_the_link(alice: Person):
    first = invite(alice, role="auditor")
    old = token_of(first)
    again = invite(alice, "DORA@example.com", role="member")
    assert again == first and again.role == "member" and Invitation.objects.count() == 1
    assert token_of(again) != old


def test_taking_it_back_closes_the_link(alice: Person):
    invitation = invite(alice)
    token = token_of(invitation)
    withdraw_invitation(invitation=invitation, by=alice.user)
    with pytest.raises(InvitationOver):
        find_invitation(token, at=timezone.now())
    with pytest.raises(NotFound):
        renew_invitation(invitation=invitation, by=alice.user)


def test_who_is_in_is_not_invited(alice: Person, bob: Person):
    with pytest.raises(AlreadyMember) as refused:
        invite(alice, bob.user.email.upper())
    assert refused.value.field == "email"


def test_a_link_sets_no_password_of_somebody_who_has_an_account(alice: Person, charlie: Person):
    invitation = invite(alice, charlie.user.email)
    with pytest.raises(WrongPerson):
        join_as_new(invitation=invitation, name="Mallory", password="another password, longer")
    charlie.user.refresh_from_db()
    assert charlie.user.check_password(PASSWORD)
    assert not alice.workspace.memberships.filter(user=charlie.user).exists()


def test_who_has_an_account_joins_with_it(alice: Person, charlie: Person):
    invitation = invite(alice, charlie.user.email, role="operator")
    member = join_as(invitation=invitation, user=charlie.user)
    assert (member.user, member.role) == (charlie.user, "operator")
    assert charlie.user.memberships.count() == 2


def test_nobody_joins_by_the_link_of_another(alice: Person, charlie: Person):
    invitation = invite(alice)
    with pytest.raises(WrongPerson):
        join_as(invitation=invitation, user=charlie.user)
    assert Invitation.objects.count() == 1


def test_an_invitation_alone_lets_nobody_in(alice: Person, charlie: Person):
    """Whoever has taken an address elsewhere needs this workspace's own link."""
    invite(alice, "dora@example.com")
    theirs = invite(charlie, "dora@example.com")
    squatter = join_as_new(invitation=theirs, name="", password=PASSWORD)
    assert [one.workspace for one in squatter.user.memberships.all()] == [charlie.workspace]


@pytest.mark.parametrize("password", ["short", "password123", "12345678901"])
def test_a_password_that_is_easily_guessed_is_refused(alice: Person, password: str):
    invitation = invite(alice)
    with pytest.raises(Invalid) as refused:
        join_as_new(invitation=invitation, name="", password=password)
    assert refused.value.field == "password"
    assert User.objects.with_email(invitation.email) is None and Invitation.objects.count() == 1


def test_who_was_made_a_member_meanwhile_keeps_their_role(alice: Person):
    invitation = invite(alice, role="auditor")
    dora = make_member(
        workspace=alice.workspace, user=make_user(email="dora@example.com"), role="operator"
    )
    assert join_as(invitation=invitation, user=dora).role == "operator"
    assert Member.objects.filter(user=dora).count() == 1 and not Invitation.objects.exists()


def test_only_owners_decide_about_owners(alice: Person):
    operator = make_member(workspace=alice.workspace, role="operator")
    for_owner = invite(alice, role="owner")
    with pytest.raises(OwnersOnly):
        invite_member(workspace=alice.workspace, email="eve@example.com", role="owner", by=operator)
    with pytest.raises(OwnersOnly):  # it would take the owner's invitation over
        invite_member(workspace=alice.workspace, email=for_owner.email, role="member", by=operator)
    for act in (link_for, renew_invitation, withdraw_invitation):
        with pytest.raises(OwnersOnly):
            act(invitation=for_owner, by=operator)
    assert invite_member(
        workspace=alice.workspace, email="fay@example.com", role="member", by=operator
    )


def test_it_tells_what_happened(alice: Person):
    invitation = invite(alice)
    renew_invitation(invitation=invitation, by=alice.user)
    member = join_as_new(invitation=invitation, name="", password=PASSWORD)
    withdraw_invitation(invitation=invite(alice, "eve@example.com"), by=alice.user)
    told = list(Event.objects.filter(kind__startswith="member.").order_by("position"))
    assert [one.kind for one in told] == [
        "member.invited", "member.invited", "member.joined", "member.invited", "member.uninvited",
    ]  # fmt: skip
    assert {one.subject_id for one in told[:3]} == {member.pk}
    assert told[2].payload == {"email": "dora@example.com", "role": "member"}
    assert told[2].actor.startswith("user:usr_")
    assert not [one for one in told if token_of(invitation) in str(one.payload)]
