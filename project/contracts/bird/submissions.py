"""From a request's JSON to messages that are accepted: one, or several as a whole.

Three steps, of which only the last is in the transaction: `read_submissions` checks all there is
to check, `put_files` stores the bytes, `send_submissions` writes the messages.

A batch may bring two thousand small files: they are decoded twice, first to be counted and then,
one after the other, to be stored, since each has a file of ours open meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from rest_framework.exceptions import ValidationError

from attachments.incoming import Incoming
from attachments.limits import MailSizes
from attachments.offers import Offer
from attachments.services import settle_name
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.entries import Entry, keep_entries, put_entries
from messaging.errors import DuplicateContentId
from messaging.letter import Letter
from messaging.models import Inbox, Message
from messaging.services import send_message
from project.api.bodies import Content, Open, Sink, take_content
from project.contracts.bird.limits import FILES_KEPT_FOR, LIMITS
from project.contracts.bird.personal import fill_texts
from project.contracts.bird.replies import Replying, is_replying, read_replying
from project.contracts.bird.sandbox import rehearsed_of
from project.contracts.bird.serializers.sends import SendFields
from project.errors import Refusal
from project.ids import spell
from project.tenancy.models import Workspace

BLANKS = b" \t\r\n"  # that base64 may have in it

FindInbox = Callable[[Address], Inbox]


class Counter:
    """A sink that counts."""

    size = 0

    def write(self, block: bytes) -> None:
        self.size += len(block)

    def close(self) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class File:
    """A file on its way in: what it is to be, and its base64 as it came."""

    entry: Entry
    offer: Offer
    content: str | Content

    def decoded(self, open: Open) -> Sink:
        """Its bytes, in the sink where they went while they were read, or in a new one.

        Raises InvalidBase64.
        """
        field = f"{self.entry.field}.content"
        sink = take_content({"content": self.content}, open=open, field=field, blanks=BLANKS)
        return cast("Sink", sink)


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One message as it was asked for; `place` is where it stands in a batch.

    It has `files` until they are stored, and then `entries`.
    """

    place: str
    inbox: Inbox
    letter: Letter
    files: Sequence[File]
    entries: Sequence[Entry] = ()
    filing: Filing
    due_at: datetime | None


def read_submissions(values: Mapping[str, Any], find_inbox: FindInbox) -> list[Submission]:
    """Read requests to send, by their places; one that stands alone has a blank place.

    Each check is made of all of them before the next, in the order that the document has them.
    Raises ValidationError and Refusal, which name the place.
    """
    fields = _read_fields(values)
    files = {place: _name_files(place, one) for place, one in fields.items()}
    sizes = {place: [_size_of(file) for file in some] for place, some in files.items()}
    letters = {}
    for place, one in fields.items():
        _check_content_ids(files[place])
        with within(place):
            letters[place] = letter = _letter_of(one)
            LIMITS.check_total(MailSizes(files=sizes[place], bodies=letter.body_bytes, as_sent=0))
    return [
        _submission(place, one, letters[place], files[place], find_inbox)
        for place, one in fields.items()
    ]


def _read_fields(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The fields of all, or all that is wrong with them."""
    read: dict[str, dict[str, Any]] = {}
    problems: dict[str, Any] = {}
    for place, value in values.items():
        reader = SendFields(data=value)
        if reader.is_valid():
            read[place] = dict(reader.validated_data)
        else:
            problems[place] = reader.errors
    if problems:
        raise ValidationError(problems.get("", problems))
    return read


def _name_files(place: str, fields: Mapping[str, Any]) -> list[File]:
    """The files under the names and types that they will have; blocked ones are refused."""
    found = []
    for position, file in enumerate(fields.get("attachments", ())):
        with within(place, f"attachments[{position}]"):
            declared = file.get("content_type") or ""
            filename, content_type = settle_name(file["filename"], declared, LIMITS)
        content_id = file.get("content_id") or ""
        offer = Offer(filename=filename, content_type=content_type)
        entry = Entry(
            field=".".join(filter(None, [place, f"attachments[{position}]"])),
            offer=offer,
            inline=bool(content_id),
            content_id=content_id,
        )
        found.append(File(entry=entry, offer=offer, content=file["content"]))
    return found


def _size_of(file: File) -> int:
    """The bytes of a file. Raises InvalidBase64."""
    sink: Any = file.decoded(Counter)
    return int(sink.size)


def _check_content_ids(files: Sequence[File]) -> None:
    """Raises DuplicateContentId."""
    seen = {""}
    for file in files:
        content_id = file.entry.content_id
        if content_id and content_id in seen:
            message, field = "must be unique within the send", f"{file.entry.field}.content_id"
            raise DuplicateContentId(message, field=field, actual=content_id)
        seen.add(content_id)


def _letter_of(fields: Mapping[str, Any]) -> Letter:
    texts = fields
    if "parameters" in fields:
        texts = {**fields, **fill_texts(fields, fields["parameters"])}
    return Letter(
        sender=fields["from"],
        to=fields["to"],
        cc=fields.get("cc", ()),
        bcc=fields.get("bcc", ()),
        reply_to=fields.get("reply_to", ()),
        subject=texts["subject"],
        text=texts.get("text"),
        html=texts.get("html"),
        headers={
            name: value
            for name, value in fields.get("headers", {}).items()
            if not is_replying(name)
        },
    )


def _submission(
    place: str,
    fields: Mapping[str, Any],
    letter: Letter,
    files: Sequence[File],
    find_inbox: FindInbox,
) -> Submission:
    with within(place):
        inbox = find_inbox(cast("Address", letter.sender))
    return Submission(
        place=place,
        inbox=inbox,
        letter=letter,
        files=files,
        filing=_filing_of(fields, letter, inbox),
        due_at=fields.get("scheduled_at"),
    )


def _filing_of(fields: Mapping[str, Any], letter: Letter, inbox: Inbox) -> Filing:
    replying = read_replying(fields.get("headers", {}))
    answered = _answered(inbox, replying)
    return Filing(
        in_reply_to=answered,
        answered_id=replying.answered,
        references=replying.references,
        tags=fields.get("tags", ()),
        metadata=fields.get("metadata", {}),
        category=fields["category"],
        annotations=_annotations_of(fields, inbox, answered),
        files_kept_for=FILES_KEPT_FOR,
        rehearsed=rehearsed_of([*letter.to, *letter.cc, *letter.bcc]),
    )


def _answered(inbox: Inbox, replying: Replying) -> Message | None:
    """The mail of the inbox that is answered, if it is here."""
    if not replying.answered:
        return None
    rows = inbox.messages.filter(rfc_message_id=replying.answered)
    return rows.select_related("thread").order_by("-pk").first()


def _annotations_of(
    fields: Mapping[str, Any], inbox: Inbox, answered: Message | None
) -> dict[str, Any]:
    """What only Bird gives back; parameters are content, which not every workspace keeps."""
    names = ["track_opens", "track_clicks"]
    if inbox.workspace.stores_content:
        names.append("parameters")
    own = {name: fields[name] for name in names if name in fields}
    if answered:
        own["in_reply_to_message_id"] = spell("em", answered.pk)
    return {"bird": own} if own else {}


def put_files(
    submissions: Sequence[Submission], *, workspace: Workspace, open: Open
) -> list[Submission]:
    """The same with the bytes of their files stored; not for use inside a transaction."""
    return [
        replace(one, entries=[_put(file, workspace, open) for file in one.files])
        for one in submissions
    ]


def _put(file: File, workspace: Workspace, open: Open) -> Entry:
    with closing(file.decoded(open)) as sink:
        offer = replace(file.offer, incoming=cast("Incoming", sink))
        entry = replace(file.entry, offer=offer)
        (stored,) = put_entries(workspace=workspace, entries=[entry], limits=LIMITS)
    return replace(stored, offer=file.offer)


@transaction.atomic(savepoint=False)
def send_submissions(submissions: Sequence[Submission], workspace: Workspace) -> list[Message]:
    """The messages, accepted all or none. Raises what `send_message` does, naming the place."""
    return [_send(one, workspace) for one in submissions]


def _send(one: Submission, workspace: Workspace) -> Message:
    files = keep_entries(workspace=workspace, entries=one.entries, limits=LIMITS)
    with within(one.place):
        return send_message(
            inbox=one.inbox,
            letter=one.letter,
            enclosures=files,
            limits=LIMITS,
            filing=one.filing,
            due_at=one.due_at,
        )


@contextmanager
def within(*places: str) -> Iterator[None]:
    """Let what is refused inside name its field as a path that begins with these places."""
    try:
        yield
    except Refusal as refusal:
        refusal.field = ".".join(filter(None, [*places, refusal.field])) or None
        raise


def facts_of(value: Any) -> Any:
    """A request's JSON with the digests of its files in the place of their bytes."""
    if isinstance(value, Mapping):
        return {name: facts_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [facts_of(inner) for inner in value]
    if isinstance(value, Content):
        sink = cast("Incoming", value.sink)
        return ["content", sink.sha256, sink.size, value.broken]
    return value
