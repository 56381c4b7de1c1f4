"""What the lists can be asked for.

Several values of one parameter, repeated or with commas between, mean any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict

from drafts.models import DraftAttachment, DraftQuerySet
from messaging import search
from messaging.models import Folder, Inbox, Thread
from messaging.models.message import MessageQuerySet
from project.contracts.nylas.serializers import DOOR, DRAFTS
from project.errors import Invalid
from project.ids import UnknownId, read_hex

MAX_ANY_EMAIL = 25
MAX_EMAILS = 100  # of one of from, to, cc, bcc
LAST_SECOND = 253_370_764_800  # the year 9999: a second later must still be a time
FLAGS = {"true": True, "false": False}
PAIR = re.compile(r"(key[1-5]):(.*)", re.DOTALL)
BETWEEN_PAIRS = re.compile(r",(?=key[1-5]:)")
NOT_WITH_PAIRS = (
    *("subject", "any_email", "from", "to", "cc", "bcc"),
    *("in", "unread", "starred", "thread_id", "has_attachment"),
    *("received_before", "received_after"),
    *("latest_message_before", "latest_message_after", "earliest_message_date"),
)

Letters = TypeVar("Letters", MessageQuerySet, DraftQuerySet)


@dataclass(frozen=True)
class Asked:
    """The query parameters of a list; one that is empty counts as not given."""

    parameters: QueryDict

    def text(self, name: str) -> str:
        return self.parameters.get(name) or ""

    def words(self, name: str) -> list[str]:
        """The values of a parameter, repeated or with commas between."""
        given = ",".join(self.parameters.getlist(name)).split(",")
        return [word.strip() for word in given if word.strip()]

    def flag(self, name: str) -> bool | None:
        """A yes or no, in any case of its letters. Raises Invalid."""
        text = self.text(name)
        if text and text.lower() not in FLAGS:
            raise Invalid(f"This is true or false, not {text[:20]!r}.", field=name)
        return FLAGS.get(text.lower())

    def time(self, name: str) -> datetime | None:
        """A time in Unix seconds. Raises Invalid."""
        text = self.text(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 12 or int(text) > LAST_SECOND:
            raise Invalid(f"This is a time in Unix seconds, not {text[:20]!r}.", field=name)
        return datetime.fromtimestamp(int(text), UTC)

    def pairs(self) -> dict[str, str]:
        """`metadata_pair`, which goes with no other filter. Raises Invalid."""
        found = {}
        for text in self.parameters.getlist("metadata_pair"):
            for pair in filter(None, BETWEEN_PAIRS.split(text)):
                match = PAIR.fullmatch(pair)
                if match is None:
                    message = "This is key:value, where key is one of key1 to key5."
                    raise Invalid(message, field="metadata_pair")
                found[match[1]] = match[2]
        other = next((name for name in NOT_WITH_PAIRS if self.text(name)), None)
        if found and other:
            message = f"This goes with no other filter, such as {other}."
            raise Invalid(message, field="metadata_pair")
        return found


def narrow_messages(rows: MessageQuerySet, asked: Asked, *, grant: Inbox) -> MessageQuerySet:
    """The messages that fit all filters; those in the trash only if it is asked for."""
    rows = _written(_placed(rows, asked, grant), asked)
    for name in ("unread", "starred"):
        wanted = asked.flag(name)
        if wanted is not None:
            rows = rows.filter(**{name: wanted})
    if thread_id := asked.text("thread_id"):
        rows = rows.filter(thread__in=_threads(thread_id))
    has_files = asked.flag("has_attachment")
    if has_files is not None:
        rows = rows.filter(_has_files() if has_files else ~_has_files())
    if after := asked.time("received_after"):
        rows = rows.filter(search.since(_a_second_later(after)))
    if before := asked.time("received_before"):
        rows = rows.filter(search.before(before))
    return rows


def narrow_drafts(rows: DraftQuerySet, asked: Asked, *, grant: Inbox) -> DraftQuerySet:
    """The drafts that fit all filters. They are in no folder but `DRAFTS`, and have been read."""
    rows = _written(rows, asked, unsigned=grant.address)
    if thread_id := asked.text("thread_id"):
        threads = _threads(thread_id)
        rows = rows.filter(Q(thread__in=threads) | Q(in_reply_to__thread__in=threads))
    has_files = asked.flag("has_attachment")
    if has_files is not None:
        files = Exists(DraftAttachment.objects.filter(draft=OuterRef("pk")))
        rows = rows.filter(files if has_files else ~files)
    starred = asked.flag("starred")
    if starred is not None:
        marked = rows.filter(**{f"annotations__{DOOR}__starred": True}).values("pk")
        rows = rows.filter(pk__in=marked) if starred else rows.exclude(pk__in=marked)
    words = asked.words("in")
    folders_named(grant, words)
    is_elsewhere = words and DRAFTS not in words
    return rows.none() if is_elsewhere or asked.flag("unread") else rows


def narrow_threads(
    rows: QuerySet[Thread], messages: MessageQuerySet, asked: Asked, *, grant: Inbox
) -> QuerySet[Thread]:
    """The threads with a message that fits what is asked of letters, and with fitting marks."""
    own = messages.filter(thread=OuterRef("pk"))
    rows = rows.filter(Exists(_written(_placed(own, asked, grant), asked)))
    marks = {"unread": Q(unread=True), "starred": Q(starred=True), "has_attachment": _has_files()}
    for name, mark in marks.items():
        wanted = asked.flag(name)
        if wanted is not None:
            marked = Exists(own.filter(mark))
            rows = rows.filter(marked if wanted else ~marked)
    if after := asked.time("latest_message_after"):
        rows = rows.filter(Exists(own.filter(search.since(_a_second_later(after)))))
    if before := asked.time("latest_message_before"):
        rows = rows.filter(~Exists(own.filter(search.since(before))))
    if earliest := asked.time("earliest_message_date"):
        rows = rows.filter(~Exists(own.filter(search.before(earliest))))
    return rows


def folders_named(grant: Inbox, words: list[str], *, field: str = "in") -> list[UUID]:
    """The folders that ids, or `INBOX`, `SENT`, `ARCHIVE` and `TRASH`, stand for.

    An id may be no folder's. Raises Invalid for other words.
    """
    roles = {role.name: role for role in Folder.Role if role}
    known: dict[str, UUID] = {}
    if roles.keys() & set(words):
        known = dict(grant.folders.values_list("role", "pk"))
    found = []
    for word in words:
        if word in roles:
            found.append(known[roles[word]])
        elif word != DRAFTS:
            found.append(_folder_id(word, field))
    return found


def _folder_id(word: str, field: str) -> UUID:
    try:
        return read_hex(word)
    except UnknownId:
        raise Invalid(f"{word[:40]!r} is not the id of a folder.", field=field) from None


def _placed(rows: MessageQuerySet, asked: Asked, grant: Inbox) -> MessageQuerySet:
    words = asked.words("in")
    if not words:
        return rows.filter(trashed_at__isnull=True)
    return rows.filter(folder__in=folders_named(grant, words))


def _written(rows: Letters, asked: Asked, *, unsigned: str = "") -> Letters:
    """Those that fit what is asked of subject, addresses and metadata.

    Letters without a sender are from `unsigned`.
    """
    for condition in _conditions(asked, unsigned):
        rows = rows.filter(condition)
    return rows


def _conditions(asked: Asked, unsigned: str) -> Iterator[Q]:
    if pairs := asked.pairs():
        yield search.with_metadata(pairs)
    if subject := asked.text("subject"):
        yield search.about(subject)
    for role in search.ROLES:
        if emails := _emails(asked, role):
            yield search.written_to(role, emails)
    for name, condition in (("from", search.written_by), ("any_email", search.concerning)):
        if emails := _emails(asked, name):
            is_own = unsigned.lower() in {email.lower() for email in emails}
            yield condition(emails) | Q(from_email="") if is_own else condition(emails)


def _emails(asked: Asked, name: str) -> list[str]:
    """The addresses that a parameter has. Raises Invalid for too many."""
    emails = asked.words(name)
    most = MAX_ANY_EMAIL if name == "any_email" else MAX_EMAILS
    if len(emails) > most:
        message = f"These are {len(emails)} addresses; at most {most} are taken."
        raise Invalid(message, field=name, limit=most, actual=len(emails))
    return emails


def _threads(id: str) -> list[UUID]:
    """The thread of this id; none for a text that cannot be one."""
    try:
        return [read_hex(id)]
    except UnknownId:
        return []


def _has_files() -> Q:
    return Q(attachment_count__gt=0)


def _a_second_later(at: datetime) -> datetime:
    """Times are compared as they are shown, without what is behind the second."""
    return at + timedelta(seconds=1)
