"""The pre-flight check: what stands in the way of a draft, and what its writer may want to know.

An *error* stops the send; a *warning* is for people; *waiting* names bytes that are on their way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from attachments.disguises import disguise_of, does_not_look_like
from attachments.limits import Limits, MailSizes
from attachments.models import Attachment, AttachmentState
from attachments.scanning.verdicts import UNSCANNED
from attachments.sniff import UNKNOWN
from drafts.models import Draft, DraftAttachment
from drafts.wording import speaks_of_file
from messaging.acceptance import threading_of
from messaging.addresses import Address, read_address
from messaging.errors import AllSuppressed, InvalidAddress
from messaging.letter import Letter
from messaging.mime.names import referenced_content_ids
from messaging.models import Inbox
from messaging.models.message import Category, Channel
from messaging.routes import words_of
from messaging.services import addressees_of, sender_of
from messaging.sizes import encoded_size
from messaging.suppressions import spelling_of, suppressed_among
from project.errors import Refusal
from project.ids import spell

ERROR, WARNING, WAITING = "error", "warning", "waiting"
MANY_VISIBLE = 25  # recipients who see each other, from which on Bcc is suggested

#: stands for the sender while there is none, so that the size can be told
NOBODY = Address("nobody@localhost")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that the check has to say; `field` is a path such as `attachments[2].filename`."""

    code: str
    severity: str
    message: str
    field: str | None = None
    attachment_id: UUID | None = None
    limit: int | str | None = None
    actual: int | str | None = None
    remedy: str | None = None

    def spelt(self) -> dict[str, Any]:
        """The finding as doors show it; what is not known is left out."""
        facts = {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "field": self.field,
            "attachment_id": self.attachment_id and spell("att", self.attachment_id),
            "limit": self.limit,
            "actual": self.actual,
            "remedy": self.remedy,
        }
        return {name: fact for name, fact in facts.items() if fact is not None}


@dataclass(frozen=True, kw_only=True)
class Check:
    """All findings. `encoded_size` is in bytes, exactly as sent; None if it cannot be written."""

    encoded_size: int | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == ERROR]

    @property
    def ok(self) -> bool:
        """Whether it may be sent; a file that is on its way is no obstacle."""
        return not self.errors


def check_draft(*, draft: Draft, limits: Limits) -> Check:
    """Look a draft over before it is sent; nothing is changed, and no file is opened."""
    letter = draft.letter
    findings = [*_sender(draft), *_files(draft.files, limits), *_content_ids(draft.files)]
    if draft.channel == Channel.EMAIL:
        findings += [*_recipients(letter), *_suppressed(draft.workspace_id, letter)]
        findings += [*_words(draft), *_pictures(draft)]
    size = None
    try:
        size = _size(draft, letter)
        files = [file.attachment.size for file in draft.files]
        limits.check_total(MailSizes(files=files, bodies=letter.body_bytes, as_sent=size))
    except Refusal as refusal:
        if refusal.code not in {finding.code for finding in findings}:
            remedy = "Remove a file, or send a link to it." if size else None
            findings.append(_refused(refusal, remedy=remedy))
    return Check(encoded_size=size, findings=tuple(findings))


def _size(draft: Draft, letter: Letter) -> int:
    in_reply_to, references = threading_of(draft.in_reply_to)
    return encoded_size(
        letter=replace(letter, sender=letter.sender or NOBODY),
        enclosures=draft.carried,
        in_reply_to=in_reply_to,
        references=references,
    )


def _refused(refusal: Refusal, **facts: Any) -> Finding:
    """What a service would refuse, as a finding."""
    known = {
        "field": refusal.field,
        "limit": refusal.limit,
        "actual": refusal.actual,
        **facts,
    }
    return Finding(code=refusal.code, severity=ERROR, message=refusal.message, **known)


def _tried(check: Callable[[], object], **facts: Any) -> Iterator[Finding]:
    """The refusal of a check that services make, if there is one."""
    try:
        check()
    except Refusal as refusal:
        yield _refused(refusal, **facts)


# Sender and recipients --------------------------------------------------------------------------


def _sender(draft: Draft) -> Iterator[Finding]:
    inbox = draft.inbox
    if inbox is None or inbox.state != Inbox.State.ACTIVE:
        yield Finding(
            code="no_sender",
            severity=ERROR,
            message="No inbox is chosen to send it." if inbox is None else "Its inbox is closed.",
            field="inbox_id",
            remedy="Choose an inbox.",
        )
    else:
        yield from _tried(partial(sender_of, inbox, draft.letter))


def _recipients(letter: Letter) -> Iterator[Finding]:
    named = _named(letter)
    yield from _tried(lambda: list(addressees_of(letter)), remedy=_recipients_remedy(len(named)))
    seen: set[str] = set()
    for field, address in named:
        yield from _tried(partial(read_address, address.email, field=field))
        if address.key in seen:
            yield Finding(
                code="duplicate_recipient",
                severity=WARNING,
                message=f"{address.email} is named twice; it gets the message once.",
                field=field,
            )
        seen.add(address.key)
    visible = len(letter.to) + len(letter.cc)
    if visible > MANY_VISIBLE:
        yield Finding(
            code="many_visible_recipients",
            severity=WARNING,
            message=f"{visible} people will see each other's addresses.",
            field="cc",
            limit=MANY_VISIBLE,
            actual=visible,
            remedy="Use Bcc.",
        )


def _named(letter: Letter) -> list[tuple[str, Address]]:
    """Everybody to whom it goes, with the path of the field that names them."""
    return [
        (f"{role}[{position}]", address)
        for role, addresses in (("to", letter.to), ("cc", letter.cc), ("bcc", letter.bcc))
        for position, address in enumerate(addresses)
    ]


def _suppressed(workspace_id: UUID, letter: Letter) -> Iterator[Finding]:
    """Who will not get it, since the workspace writes to them no more."""
    named = _named(letter)
    try:
        reasons = suppressed_among(
            [address for _, address in named],
            workspace_id=workspace_id,
            category=Category.TRANSACTIONAL,
        )
    except InvalidAddress:  # as has been found already
        return
    missed = {
        field: (address.email, words_of(reason))
        for field, address in named
        if (reason := reasons.get(spelling_of(address)))
    }
    if named and len(missed) == len(named):
        refusal = AllSuppressed(dict(missed.values()))
        yield _refused(refusal, remedy="Write to somebody else, or lift the suppression.")
        return
    for field, (email, words) in missed.items():
        yield Finding(
            code="suppressed_recipient",
            severity=WARNING,
            message=f"{email} will not get it. {words}",
            field=field,
            actual=email,
        )


def _recipients_remedy(count: int) -> str:
    return "Send it in several messages." if count else "Say to whom it goes."


# What is written --------------------------------------------------------------------------------


def _words(draft: Draft) -> Iterator[Finding]:
    has_body = bool((draft.text or "").strip() or (draft.html or "").strip())
    if not draft.subject.strip():
        yield Finding(
            code="no_subject", severity=WARNING, message="It has no subject.", field="subject"
        )
    if not has_body and not draft.files:
        yield Finding(
            code="empty_message", severity=WARNING, message="There is nothing in it.", field="text"
        )
    if not draft.files and speaks_of_file(subject=draft.subject, text=draft.text, html=draft.html):
        yield Finding(
            code="forgotten_attachment",
            severity=WARNING,
            message="It speaks of an attachment, and has none.",
            field="attachments",
            remedy="Attach the file.",
        )


def _pictures(draft: Draft) -> Iterator[Finding]:
    """What the HTML shows against what is inline."""
    shown = referenced_content_ids(draft.html or "")
    carried = {file.content_id for file in draft.files if file.inline}
    for content_id in sorted(shown - carried):
        yield Finding(
            code="dangling_content_id",
            severity=WARNING,
            message=f"The text shows cid:{content_id}, and no inline file has this Content-ID: "
            "the picture would be missing.",
            field="html",
            actual=content_id,
            remedy="Attach the picture as an inline file with this Content-ID.",
        )
    for position, file in enumerate(draft.files):
        if file.inline and file.content_id not in shown:
            yield Finding(
                code="unused_inline_file",
                severity=WARNING,
                message=f"{file.name} is inline, and the text does not show it.",
                field=f"attachments[{position}]",
                attachment_id=file.attachment_id,
                remedy="Show it in the text, or make it a plain attachment.",
            )


# Files ------------------------------------------------------------------------------------------


def _files(files: list[DraftAttachment], limits: Limits) -> Iterator[Finding]:
    yield from _tried(partial(limits.check_count, len(files)), field="attachments")
    for position, file in enumerate(files):
        for finding in _file(file, limits):
            field = finding.field and f"attachments[{position}].{finding.field}"
            yield replace(
                finding,
                field=field or f"attachments[{position}]",
                attachment_id=file.attachment_id,
            )


def _file(file: DraftAttachment, limits: Limits) -> Iterator[Finding]:
    attachment = file.attachment
    yield from _state(file.name, attachment)
    yield from _tried(
        partial(limits.check_size, attachment.size, field="size"), remedy="Send a link to it."
    )
    yield from _tried(
        partial(limits.check_type, filename=file.name, content_type=attachment.content_type)
    )
    sniffed = attachment.blob.content_type if attachment.blob else UNKNOWN
    if does_not_look_like(declared=attachment.content_type, sniffed=sniffed):
        essence = attachment.content_type.partition(";")[0]
        yield Finding(
            code="type_mismatch",
            severity=WARNING,
            message=f"{file.name} does not look like {essence}, but like {sniffed}.",
            field="content_type",
            limit=essence,
            actual=sniffed,
        )
    elif disguise := disguise_of(file.name, sniffed=sniffed):
        yield Finding(
            code="misleading_name",
            severity=WARNING,
            message=f"{file.name} looks like .{disguise.shown}, and is {disguise.is_really}.",
            field="filename",
            limit=disguise.shown,
            actual=disguise.is_really,
            remedy="Give it a name that says what it is.",
        )


def _state(name: str, attachment: Attachment) -> Iterator[Finding]:
    state = attachment.state
    if attachment.deleted_at is not None or state == AttachmentState.GONE:
        yield Finding(
            code="attachment_gone",
            severity=ERROR,
            message=f"{name} is not there any more. {attachment.reason}".strip(),
            remedy="Remove it, or attach it again.",
        )
    elif state == AttachmentState.REFUSED:
        yield Finding(
            code="attachment_refused",
            severity=ERROR,
            message=f"{name} was refused. {attachment.reason}".strip(),
            remedy="Remove it.",
        )
    elif state == AttachmentState.LINKED:
        yield Finding(
            code="attachment_elsewhere",
            severity=ERROR,
            message=f"The bytes of {name} are not here, but at {attachment.external_url}.",
            remedy="Upload it, or give its address in the text.",
        )
    elif state == AttachmentState.RESERVED:
        yield Finding(
            code="attachment_not_ready",
            severity=WAITING,
            message=f"{name} has not been uploaded yet. {attachment.reason}".strip(),
            remedy="It is sent as soon as the file is in.",
        )
    elif state == AttachmentState.STORED:
        yield Finding(
            code="attachment_not_ready",
            severity=WAITING,
            message=f"{name} is still being checked. {attachment.reason}".strip(),
            remedy="It is sent as soon as that is done.",
        )
    elif attachment.reason_code == UNSCANNED:
        yield Finding(
            code="not_scanned",
            severity=WARNING,
            message=f"{name} was not found to be free of malware. {attachment.reason}",
        )
    elif not attachment.size:
        yield Finding(code="empty_file", severity=WARNING, message=f"{name} is empty.")


def _content_ids(files: list[DraftAttachment]) -> Iterator[Finding]:
    counted = Counter(file.content_id for file in files if file.content_id)
    for position, file in enumerate(files):
        if counted[file.content_id] > 1:
            yield Finding(
                code="duplicate_content_id",
                severity=ERROR,
                message=f"Several files have the Content-ID {file.content_id}.",
                field=f"attachments[{position}].content_id",
                attachment_id=file.attachment_id,
                actual=file.content_id,
            )
