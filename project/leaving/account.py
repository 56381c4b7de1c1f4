"""What the installation has of somebody who signs in to it."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from drafts.models import Draft
from drafts.services import delete_draft
from messaging.models.message import OPEN
from project.events.services import emit, happened
from project.ids import spell
from project.leaving.names import Person
from project.leaving.report import Report
from project.leaving.steps import batches, step
from project.tenancy.models import Invitation, Member, Role, User, Workspace
from project.workspaces.members import lock_workspace

LAST_OWNER = "They are the last owner: make somebody else an owner first."
DUE_DRAFT = "It is due to leave: cancel it first."
NOBODY_LEFT = "Nobody is in it any more; its mail and files stay until somebody deletes them."
OF_THE_WORKSPACE = "They have no author: they are the workspace's, and others are in it."
KEYS = "Keys are the workspace's: revoke those whose secrets the person knows."
ELSEWHERE = "Only the place in one workspace was to be deleted."
LOG = "Events name who did something by this id; no name and no address belongs to it any more."


class Account:
    """A user, with what goes when they go: out of one workspace, or for good."""

    def __init__(
        self, user: User, person: Person, *, report: Report, only: Workspace | None
    ) -> None:
        self._user = user
        self._person = person
        self._report = report
        self._only = only
        self._spelt = spell("usr", user.pk)

    def look(self) -> None:
        """Put down what is in the way."""
        self._report.user = self._spelt
        for place in self._places():
            if self._is_last_owner(place):
                self._report.refuse("member", LAST_OWNER, workspace=place.workspace)
            if self._is_alone(place):
                due = place.workspace.drafts.filter(message__deliveries__state__in=OPEN)
                ids = [spell("drf", one.pk) for one in due.distinct().order_by("pk")]
                if ids:
                    self._report.refuse("drafts", DUE_DRAFT, workspace=place.workspace, ids=ids)

    def delete(self) -> None:
        """Delete drafts, memberships, and, unless it is about one workspace, everything else."""
        for place in self._places():
            self._leave(place)
        if self._report.in_the_way:
            return
        if self._only is not None:
            self._report.keep("account", ELSEWHERE, ids=[self._spelt])
            return
        report = self._report
        sessions = list(self._sessions())
        for batch in batches(sessions):
            with step(is_rehearsal=report.is_rehearsal):
                Session.objects.filter(pk__in=batch).delete()
        with step(is_rehearsal=report.is_rehearsal):
            counts = {
                "sessions": len(sessions),
                "second steps": Authenticator.objects.filter(user=self._user).count(),
                "sign-in addresses": EmailAddress.objects.filter(user=self._user).count(),
                "posts": self._user.posts.count(),
                "entries of the admin's own log": LogEntry.objects.filter(user=self._user).count(),
            }
            self._mentions().update(object_repr="deleted")
            self._user.delete()
        for what, number in {**counts, "accounts": 1}.items():
            report.count(what, number)
        report.keep("events", LOG, count=1, ids=[self._spelt])

    def _places(self) -> QuerySet[Member]:
        places = self._user.memberships.select_related("workspace").order_by("workspace_id")
        return places if self._only is None else places.filter(workspace=self._only)

    def _is_alone(self, place: Member) -> bool:
        return not place.workspace.memberships.exclude(pk=place.pk).exists()

    def _is_last_owner(self, place: Member) -> bool:
        """Whether others would be left without an owner."""
        others = place.workspace.memberships.exclude(pk=place.pk)
        has_owner = others.filter(role=Role.OWNER).exists()
        return place.role == Role.OWNER and others.exists() and not has_owner

    def _leave(self, place: Member) -> None:
        workspace, report = place.workspace, self._report
        drafts = Draft.objects.filter(workspace=workspace, message__isnull=True)
        is_alone = self._is_alone(place)
        if is_alone:
            self._delete_drafts(workspace, drafts)
            report.keep("workspace", NOBODY_LEFT, workspace=workspace)
        else:
            report.keep("drafts", OF_THE_WORKSPACE, count=drafts.count(), workspace=workspace)
        report.keep("keys", KEYS, count=_living_keys(workspace), workspace=workspace)
        with step(is_rehearsal=report.is_rehearsal):
            lock_workspace(workspace)
            if self._is_last_owner(place):  # since a moment ago
                report.refuse("member", LAST_OWNER, workspace=workspace)
                return
            facts = {"role": place.role, "user": self._spelt}
            emit(
                happened(
                    "member.removed",
                    workspace_id=workspace.pk,
                    subject_id=place.pk,
                    payload=facts,
                )
            )
            place.delete()
        report.count("memberships", 1, workspace=workspace)

    def _delete_drafts(self, workspace: Workspace, drafts: QuerySet[Draft]) -> None:
        for ids in batches(list(drafts.order_by("pk").values_list("pk", flat=True))):
            with step(is_rehearsal=self._report.is_rehearsal):
                for draft in Draft.objects.in_full().filter(pk__in=ids, message__isnull=True):
                    delete_draft(draft=draft)
            self._report.count("drafts", len(ids), workspace=workspace)

    def _sessions(self) -> Iterator[str]:
        """Those in which they are signed in; only what is in them says whose they are."""
        for session in Session.objects.order_by("pk").iterator(chunk_size=200):
            if session.get_decoded().get(SESSION_KEY) == str(self._user.pk):
                yield session.pk

    def _mentions(self) -> QuerySet[LogEntry]:
        return LogEntry.objects.filter(self._person.named_in("object_repr"))


def delete_invitations(person: Person, *, report: Report, only: Workspace | None) -> None:
    """Take back the places that are kept for an address."""
    kept = Invitation.objects.filter(email__in=person.spellings).select_related("workspace")
    if only is not None:
        kept = kept.filter(workspace=only)
    for invitation in kept:
        facts = {"role": invitation.role}
        with step(is_rehearsal=report.is_rehearsal):
            emit(
                happened(
                    "member.uninvited",
                    workspace_id=invitation.workspace_id,
                    subject_id=invitation.pk,
                    payload=facts,
                )
            )
            invitation.delete()
        report.count("invitations", 1, workspace=invitation.workspace)


def _living_keys(workspace: Workspace) -> int:
    return workspace.keys.filter(revoked_at__isnull=True).count()
