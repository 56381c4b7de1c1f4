"""Two at once: of the last two owners, one stays; of two who follow a link, one gets in."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.db import connection

from project.errors import Refusal
from project.tenancy.models import Member, Role, User
from project.workspaces.invitations import join_as_new
from project.workspaces.members import remove_member
from tests.make import PASSWORD
from tests.people import Person
from tests.workspaces.make import invite

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[Refusal]:
    """Do all of it at the same moment, each on a connection of its own; what was refused."""
    barrier, refused = Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except Refusal as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_two_owners_who_leave_at_once_leave_one(alice: Person, bob: Person):
    Member.objects.filter(user=bob.user).update(role=Role.OWNER)
    rows = list(alice.workspace.memberships.select_related("user", "workspace"))
    refused = at_once(*(lambda row=row: remove_member(member=row, by=row.user) for row in rows))
    assert [one.code for one in refused] == ["last_owner"]
    assert alice.workspace.memberships.get().role == Role.OWNER


def test_a_link_that_is_followed_twice_at_once_makes_one_person(alice: Person):
    invitation = invite(alice)

    def follow() -> object:
        return join_as_new(invitation=invitation, name="", password=PASSWORD)

    refused = at_once(follow, follow)
    assert [one.code for one in refused] == ["invitation_over"]
    assert User.objects.filter(email=invitation.email).count() == 1
