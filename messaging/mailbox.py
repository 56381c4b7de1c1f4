"""Lists of conversations as people read them: one line for each, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    Sum,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.fields import IntegerField
from django.db.models.functions import Coalesce, Left, RowNumber

from messaging.models import Folder, Inbox, Message, MessageAttachment
from messaging.models.message import Direction, MessageQuerySet
from messaging.plain import first_words
from messaging.search import not_ahead

SHOWN = (
    *("id", "workspace_id", "inbox_id", "folder_id", "thread_id", "direction"),
    *("from_email", "from_name", "to", "subject", "unread", "starred"),
    *("attachment_count", "send_at", "sent_at", "created_at", "trashed_at"),
)
WORDS = 200  # characters of a letter that a line shows
TEXT_HEAD = 600  # characters of which they are taken: quotes and blanks are left out
HTML_HEAD = 20_000
NAMED_FILES = 3


@dataclass(frozen=True)
class Sender:
    """Somebody who wrote in a conversation, and since when."""

    email: str
    name: str
    is_own: bool  # an inbox of the workspace
    since: datetime


@dataclass(kw_only=True)
class Line:
    """A conversation in a list: its newest message there, and what all its messages come to."""

    message: Message
    senders: list[Sender] = field(default_factory=list)
    count: int = 0
    is_unread: bool = False
    is_starred: bool = False
    filenames: list[str] = field(default_factory=list)  # of the newest files
    file_count: int = 0

    @property
    def words(self) -> str:
        """How the newest message begins, on one line."""
        head: str = vars(self.message)["head"]
        return words_of("", head) if vars(self.message)["is_html"] else words_of(head, "")

    @property
    def more_files(self) -> int:
        """How many files it has besides the named ones."""
        return self.file_count - len(self.filenames)


def words_of(text: str | None, html: str | None) -> str:
    """How a letter begins, on one line, without what it quotes."""
    if not text:
        return first_words(html or "", WORDS)
    own = (line for line in text[:TEXT_HEAD].splitlines() if not line.startswith(">"))
    return " ".join(" ".join(own).split())[:WORDS]


def lying_in(messages: MessageQuerySet, folder: Folder) -> MessageQuerySet:
    """What people find in a folder; what a clock keeps for later is scheduled, and not yet sent."""
    rows = messages.filter(folder=folder)
    return not_ahead(rows) if folder.role == Folder.Role.SENT else rows


def starred_in(messages: MessageQuerySet, inbox: Inbox) -> MessageQuerySet:
    """What is starred, wherever in the inbox it lies, but for the trash."""
    return messages.filter(inbox=inbox, starred=True, trashed_at__isnull=True)


def newest_of_each(rows: MessageQuerySet) -> MessageQuerySet:
    """Of each conversation the newest of these messages, with how it begins.

    Read in the order of their ids: an index has it, so that no page depends on how many there are.
    """
    newer = rows.filter(thread=OuterRef("thread"), pk__gt=OuterRef("pk"))
    is_html = Q(text__isnull=True) | Q(text="")
    return (
        rows.filter(~Exists(newer), thread__isnull=False)
        .only(*SHOWN)
        .annotate(
            head=Case(
                When(is_html, then=Left(Coalesce("html", Value("")), HTML_HEAD)),
                default=Left("text", TEXT_HEAD),
                output_field=TextField(),
            ),
            is_html=Case(When(is_html, then=True), default=False),
        )
    )


def read_lines(found: Sequence[Message], messages: MessageQuerySet) -> list[Line]:
    """The conversations of messages that `newest_of_each` has found, as `messages` have them.

    Two queries, however long they are.
    """
    lines = {one.thread_id: Line(message=one) for one in found}
    if lines:
        rows = messages.filter(thread__in=list(lines))
        _count(lines, rows)
        _name_files(lines, rows)
    return list(lines.values())


def _count(lines: dict[UUID | None, Line], rows: MessageQuerySet) -> None:
    """A row for each sender of each conversation."""
    by_sender = rows.order_by().values("thread_id", "direction", "from_email", "from_name")
    found = by_sender.annotate(
        number=Count("pk"),
        unread_number=_number(Q(unread=True)),
        starred_number=_number(Q(starred=True)),
        since=Min("created_at"),
    )
    for row in sorted(found, key=lambda row: row["since"]):
        line = lines[row["thread_id"]]
        line.count += row["number"]
        line.is_unread |= row["unread_number"] > 0
        line.is_starred |= row["starred_number"] > 0
        is_own = row["direction"] == Direction.OUTBOUND
        sender = Sender(row["from_email"], row["from_name"], is_own, row["since"])
        if all(sender.email != known.email for known in line.senders):
            line.senders.append(sender)


def _number(condition: Q) -> Sum:
    one = Case(When(condition, then=1), default=0, output_field=IntegerField())
    return Sum(one)


def _name_files(lines: dict[UUID | None, Line], rows: MessageQuerySet) -> None:
    """The newest files of each, but for pictures in the text and what is inside of other files."""
    carried = MessageAttachment.objects.filter(
        message__in=rows.filter(attachment_count__gt=0), inline=False, container__isnull=True
    )
    ranked = carried.annotate(
        thread_id=F("message__thread"),
        number=Window(Count("pk"), partition_by="message__thread"),
        place=Window(
            RowNumber(), partition_by="message__thread", order_by=["-message_id", "position"]
        ),
    ).filter(place__lte=NAMED_FILES)
    names: defaultdict[UUID, list[str]] = defaultdict(list)
    for thread_id, filename, number in ranked.order_by("place").values_list(
        "thread_id", "filename", "number"
    ):
        names[thread_id].append(filename)
        lines[thread_id].file_count = number
    for id, some in names.items():
        lines[id].filenames = some
