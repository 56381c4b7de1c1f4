"""What a workspace has of somebody who writes to it, or is written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from attachments.errors import AttachmentNotFound
from attachments.models import Attachment, Origin
from attachments.retention import delete_attachment
from attachments.uses import uses_of
from drafts.models import Draft
from drafts.services import delete_draft
from messaging.contacts import delete_customer
from messaging.errors import MessageUnfinished
from messaging.models import Customer, Message, Thread
from messaging.models.message import OPEN
from messaging.trash import delete_messages
from project.events.models import WebhookDelivery
from project.ids import spell
from project.leaving.names import DELETED, Person, forget_filename, forget_in_log, key_of
from project.leaving.records import in_pages
from project.leaving.report import Report
from project.leaving.steps import batches, step
from project.tenancy.models import Workspace

ROLES = ("to", "cc", "bcc", "reply_to")
#: the addresses of a letter as texts, in which the database can look for one
TOLD = {f"told_{role}": Cast(role, TextField()) for role in ROLES}

WITH_OTHERS = "Others are in it as well: it stays unless --all is given."
DUE = "It is due to leave: cancel it first."
SUPPRESSED = "That nobody writes to this address must be known for it to be kept to."
UPLOADS = "Uploaded by themselves: they go 30 days later unless something else uses them."
UNREAD = "It has come in and is not read yet: begin again in a moment."
IS_INBOX = "The address is an inbox of this workspace: its mail is the workspace's own."


@dataclass
class Findings:
    """The ids of what concerns somebody alone, and them with others."""

    alone: list[UUID] = field(default_factory=list)
    shared: list[UUID] = field(default_factory=list)


class Correspondence:
    """Everything between a workspace and one person."""

    def __init__(
        self, workspace: Workspace, person: Person, *, report: Report, is_all: bool
    ) -> None:
        self._workspace = workspace
        self._person = person
        self._report = report
        self._is_all = is_all
        self._own = {key_of(one) for one in workspace.inboxes.values_list("address", flat=True)}
        self._customers = [] if self.is_inbox else self._theirs()
        self._messages = Findings()
        self._drafts = Findings()
        self._files: set[UUID] = set()
        self._uploads: set[UUID] = set()

    @property
    def is_inbox(self) -> bool:
        """Whether the address is one at which the workspace itself reads."""
        return self._person.key in self._own

    def look(self) -> None:
        """Find what there is, and put down what is in the way."""
        if self.is_inbox:
            self._report.keep("inbox", IS_INBOX, workspace=self._workspace)
            return
        for message in self._concerned_messages():
            sender = [message.from_email, *(one.mail_from for one in message.arrivals.all())]
            reached = [
                one.email for row in message.deliveries.all() for one in row.recipients.all()
            ]
            self._sort(self._messages, message, [*sender, *reached])
        for draft in self._concerned_drafts():
            self._sort(self._drafts, draft, [])
        due = Message.objects.filter(
            pk__in=self._doomed(self._messages), deliveries__state__in=OPEN
        )
        if ids := list(due.order_by("pk").distinct().values_list("pk", flat=True)):
            self._refuse_due(ids)

    def delete(self) -> None:
        """Delete it, a few rows at a time, and put down what stays."""
        workspace, report = self._workspace, self._report
        for ids in batches(self._doomed(self._drafts)):
            self._delete_drafts(ids)
        for ids in batches(self._doomed(self._messages)):
            self._delete_messages(ids)
        report.count("files", len(self._files), workspace=workspace)
        for customer in self._customers:
            with step(is_rehearsal=report.is_rehearsal):
                delete_customer(customer=customer)
            report.count("contacts", 1, workspace=workspace)
        rehearsal = report.is_rehearsal
        events = workspace.events.all()
        count = forget_in_log(events, self._person, is_rehearsal=rehearsal)
        report.count("mentions in the log", count, workspace=workspace)
        told = WebhookDelivery.objects.filter(endpoint__workspace=workspace)
        told = told.filter(part__iexact=self._person.key).exclude(state="pending")
        with step(is_rehearsal=rehearsal):
            gone = told.delete()[1].get(WebhookDelivery._meta.label, 0)
        report.count("webhook deliveries", gone, workspace=workspace)
        self._say_what_stays()

    def _theirs(self) -> list[Customer]:
        found = [
            customer
            for one in self._person.spellings
            for customer in self._workspace.customers.with_email(one)
        ]
        return list(dict.fromkeys(found))

    def _letters(self) -> Q:
        """Letters in which the address may be, or that concern one of their contacts."""
        named = Q(customer__in=self._customers) | self._person.named_in("from_email")
        for role in ROLES:
            named |= self._person.named_in(f"told_{role}")
        return named

    def _concerned_drafts(self) -> Iterator[Draft]:
        rows = self._workspace.drafts.filter(message__isnull=True).annotate(**TOLD)
        yield from in_pages(rows.filter(self._letters()))

    def _concerned_messages(self) -> Iterator[Message]:
        named = (
            self._letters()
            | Q(deliveries__recipients__email__in=self._person.spellings)
            | self._person.named_in("arrivals__mail_from")
        )
        ids = self._workspace.messages.annotate(**TOLD).filter(named).values("pk")
        found = Message.objects.filter(pk__in=ids).defer("text", "html")
        yield from in_pages(found.prefetch_related("arrivals", "deliveries__recipients"))

    def _sort(self, findings: Findings, row: Message | Draft, more: Iterable[str]) -> None:
        named = [str(one["email"]) for role in ROLES for one in getattr(row, role)]
        keys = {key_of(email) for email in (*named, *more) if email}
        is_theirs = row.customer_id in {one.pk for one in self._customers}
        if self._person.key not in keys and not is_theirs:
            return
        others = {key for key in keys - {self._person.key} if not self._is_own(key)}
        (findings.shared if others else findings.alone).append(row.pk)

    def _is_own(self, key: str) -> bool:
        local, _, domain = key.rpartition("@")
        return key in self._own or f"{local.partition('+')[0]}@{domain}" in self._own

    def _doomed(self, findings: Findings) -> list[UUID]:
        return sorted([*findings.alone, *(findings.shared if self._is_all else [])])

    def _refuse_due(self, ids: Iterable[UUID]) -> None:
        spelt = [spell("msg", id) for id in ids]
        self._report.refuse("messages", DUE, workspace=self._workspace, ids=spelt)

    def _delete_messages(self, ids: Sequence[UUID]) -> None:
        workspace, report = self._workspace, self._report
        try:
            with step(is_rehearsal=report.is_rehearsal):
                rows = Message.objects.filter(pk__in=ids).order_by("pk")
                messages = list(rows.select_for_update(of=("self",)))
                enclosed = Attachment.objects.filter(message_enclosures__message__in=ids)
                files = list(enclosed.distinct())
                threads = {one.thread_id for one in messages if one.thread_id}
                delete_messages(messages=messages)
                self._discard(files)
                empty = Thread.objects.filter(
                    pk__in=threads, messages__isnull=True, drafts__isnull=True
                )
                emptied = empty.delete()[0]
        except MessageUnfinished:  # it was queued again a moment ago
            self._refuse_due(ids)
            return
        report.count("messages", len(messages), workspace=workspace)
        report.count("threads", emptied, workspace=workspace)

    def _delete_drafts(self, ids: Sequence[UUID]) -> None:
        workspace, report = self._workspace, self._report
        with step(is_rehearsal=report.is_rehearsal):
            drafts = list(Draft.objects.in_full().filter(pk__in=ids, message__isnull=True))
            files = [one.attachment for draft in drafts for one in draft.files]
            for draft in drafts:
                delete_draft(draft=draft)
            self._discard(files)
        report.count("drafts", len(drafts), workspace=workspace)

    def _discard(self, files: Iterable[Attachment]) -> None:
        """Delete files that came with what is gone, and that nothing else uses.

        Their rows stay, without names. Of several doomed messages the last takes a file along.
        """
        doomed = {*self._doomed(self._messages), *self._doomed(self._drafts)}
        for file in sorted(files, key=lambda one: one.pk):
            uses = uses_of(file.pk)
            if not {use.id for use in uses} <= doomed:
                continue
            if file.origin == Origin.UPLOAD:
                self._uploads.add(file.pk)
                continue
            self._files.add(file.pk)
            if not uses:
                with suppress(AttachmentNotFound):
                    delete_attachment(attachment=file)
                Attachment.objects.filter(pk=file.pk).update(filename=DELETED)
                forget_filename(file.pk)

    def _say_what_stays(self) -> None:
        workspace, report = self._workspace, self._report
        if not self._is_all:
            for what, prefix, findings in (
                ("messages", "msg", self._messages),
                ("drafts", "drf", self._drafts),
            ):
                ids = [spell(prefix, id) for id in findings.shared]
                report.keep(what, WITH_OTHERS, count=len(ids), workspace=workspace, ids=ids)
        report.keep("files", UPLOADS, count=len(self._uploads), workspace=workspace)
        count = workspace.suppressions.filter(email__in=self._person.spellings).count()
        report.keep("suppressions", SUPPRESSED, count=count, workspace=workspace)
        unread = workspace.arrivals.filter(message__isnull=True)
        unread = unread.filter(self._person.named_in("mail_from"))
        ids = [spell("arr", one.pk) for one in unread if self._person.is_at(one.mail_from)]
        report.keep("mail", UNREAD, count=len(ids), workspace=workspace, ids=ids)
