"""Roles: changed, taken away, and the last owner."""

from __future__ import annotations

import pytest

from project.errors import NotFound
from project.events.models import Event
from project.tenancy.models import Member, Role
from project.workspaces.errors import LastOwner, OwnersOnly
from project.workspaces.members import change_role, remove_member
from tests.make import make_member
from tests.people import Person


def member_of(person: Person) -> Member:
    return Member.objects.get(user=person.user, workspace=person.workspace)


def test_it_changes_a_role(alice: Person, bob: Person):
    change_role(member=member_of(bob), role="operator", by=alice.user)
    assert member_of(bob).role == "operator"
    event = Event.objects.get(kind="member.updated")
    assert event.payload == {"email": "bob@acme.test", "role": "operator"}


def test_the_last_owner_stays_owner(alice: Person, bob: Person):
    with pytest.raises(LastOwner):
        change_role(member=member_of(alice), role="member", by=alice.user)
    with pytest.raises(LastOwner):
        remove_member(member=member_of(alice), by=alice.user)
    assert member_of(alice).role == Role.OWNER


def test_of_two_owners_one_may_go(alice: Person, bob: Person):
    change_role(member=member_of(bob), role="owner", by=alice.user)
    remove_member(member=member_of(alice), by=alice.user)
    with pytest.raises(LastOwner):
        remove_member(member=member_of(bob), by=bob.user)


def test_an_owner_of_another_workspace_does_not_count(alice: Person, charlie: Person):
    Member.objects.create(workspace=charlie.workspace, user=alice.user, role=Role.OWNER)
    with pytest.raises(LastOwner):
        remove_member(member=member_of(alice), by=alice.user)
    with pytest.raises(OwnersOnly):
        change_role(member=member_of(alice), role="member", by=charlie.user)


def test_an_operator_neither_makes_nor_ends_owners(alice: Person, bob: Person):
    operator = make_member(workspace=alice.workspace, role="operator")
    own = Member.objects.get(user=operator)
    with pytest.raises(OwnersOnly):
        change_role(member=own, role="owner", by=operator)
    with pytest.raises(OwnersOnly):
        change_role(member=member_of(alice), role="member", by=operator)
    with pytest.raises(OwnersOnly):
        remove_member(member=member_of(alice), by=operator)
    remove_member(member=member_of(bob), by=operator)
    remove_member(member=own, by=operator)
    assert [one.user for one in alice.workspace.memberships.all()] == [alice.user]


def test_who_is_removed_is_out_at_once(alice: Person, bob: Person):
    browser = bob.browser
    assert browser.get("/api/v1/messages").status_code == 200
    gone = member_of(bob)
    remove_member(member=gone, by=alice.user)
    assert browser.get("/api/v1/messages").status_code == 403
    assert Event.objects.get(kind="member.removed").subject_id == gone.pk
    with pytest.raises(NotFound):
        remove_member(member=gone, by=alice.user)
