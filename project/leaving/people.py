"""Deleting somebody: as who signs in, and as who writes and is written to.

First everything is looked at. Where something is in the way, nothing is deleted. Then it goes, in
small transactions; one that was broken off is begun anew and finds what is left. In a rehearsal
the same is done, and none of it stays.
"""

from __future__ import annotations

from project.events.services import acting_as, emit, happened
from project.leaving.account import Account, delete_invitations
from project.leaving.correspondence import Correspondence
from project.leaving.names import Person
from project.leaving.report import Report
from project.leaving.steps import step
from project.tenancy.models import User, Workspace

ACTOR = "command:delete_person"


def delete_person(
    *,
    address: str,
    workspace: Workspace | None = None,
    with_others: bool = False,
    is_rehearsal: bool = False,
) -> Report:
    """Delete somebody everywhere, or from one workspace; what came of it.

    `with_others`: letters, too, in which others are named. The report says what is in the way, if
    something is; then nothing was deleted, or not all of it. Raises InvalidAddress.
    """
    person = Person(address)
    report = Report(address=address, is_rehearsal=is_rehearsal)
    user = next(filter(None, map(User.objects.with_email, person.spellings)), None)
    account = Account(user, person, report=report, only=workspace) if user else None
    places = [workspace] if workspace else list(Workspace.objects.order_by("pk"))
    letters = [Correspondence(one, person, report=report, is_all=with_others) for one in places]
    for one in letters:
        one.look()
    if account:
        account.look()
    if report.in_the_way:
        return report
    with acting_as(ACTOR):
        for one in letters:
            if account or not one.is_inbox:
                one.delete()
        if account and not report.in_the_way:
            account.delete()
        delete_invitations(person, report=report, only=workspace)
        for place in places:
            _tell(place, report)
    return report


def _tell(workspace: Workspace, report: Report) -> None:
    """Put down in the log of a workspace what was deleted there; nothing says of whom."""
    counts = report.deleted_in(workspace)
    if counts:
        facts = {"deleted": counts, "user": report.user}
        event = happened(
            "person.deleted", workspace_id=workspace.pk, subject_id=report.id, payload=facts
        )
        with step(is_rehearsal=report.is_rehearsal):
            emit(event)
