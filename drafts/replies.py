"""Drafts that answer a message, or pass it on: quoted, threaded, with its files by reference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape

from django.db import transaction

from attachments.limits import Limits
from attachments.models import Attachment, AttachmentState
from attachments.services import copy_attachment
from drafts.models import Draft
from drafts.services import create_draft
from drafts.signatures import signature_html, signed_text
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.errors import InvalidAddress
from messaging.html import clean_html
from messaging.inboxes import names_of
from messaging.mime.containers import is_outlooks
from messaging.mime.names import referenced_content_ids
from messaging.models import Inbox, Message, MessageAttachment
from messaging.models.message import Direction
from messaging.plain import read_html

ANSWER = re.compile(r"\s*+re\s*+(\[\d++\]\s*+)?:", re.IGNORECASE)
FORWARD = re.compile(r"\s*+(fwd?|wg)\s*+:", re.IGNORECASE)
LOST = (AttachmentState.GONE, AttachmentState.REFUSED, AttachmentState.LINKED)
FORWARDED = "---------- Forwarded message ----------"


@transaction.atomic
def reply_to(*, message: Message, limits: Limits, to_all: bool = False) -> Draft:
    """A draft that answers a message: to its author, or to everybody it went to but ourselves.

    The signature of its inbox stands above the quote. Pictures that the quoted text shows come
    along. Raises as `create_draft` does.
    """
    to, cc = _everybody(message) if to_all else (_authors(message), [])
    inbox = _inbox(message)
    heading = f"On {_spell(message.date)}, {_named(_author(message))} wrote:"
    html = _with_older(inbox, _quoted_html(message, heading)) if message.html else None
    shown = referenced_content_ids(html or "")
    files = [one for one in message.enclosures.all() if one.inline and one.content_id in shown]
    return create_draft(
        workspace=message.workspace,
        limits=limits,
        enclosures=_carried(files, limits)[0],
        inbox=inbox,
        customer=message.customer,
        thread=message.thread,
        in_reply_to=message,
        to=to,
        cc=cc,
        subject=message.subject if ANSWER.match(message.subject) else f"Re: {message.subject}",
        text=f"{_start(inbox)}\n\n{heading}\n{_quoted(_text(message))}",
        html=html,
    )


@transaction.atomic
def forward(*, message: Message, limits: Limits) -> Draft:
    """A draft that passes a message on, with all its files; of those that are gone it says so.

    What is inside of a file goes within it, but for Outlook's `winmail.dat`: nobody else can read
    that, so what was found in it goes instead. Raises as `create_draft` does.
    """
    inbox = _inbox(message)
    has_words = bool(message.text or message.html)
    files = list(_passed_on(list(message.enclosures.all()), has_words=has_words))
    enclosures, lost = _carried(files, limits)
    lines = [
        FORWARDED,
        f"From: {_named(_author(message))}",
        f"Date: {_spell(message.date)}",
        f"Subject: {message.subject}",
        f"To: {', '.join(_named(one) for one in _addresses(message.to))}",
        *([f"Files that are no longer there: {', '.join(lost)}"] if lost else []),
    ]
    html = None
    if message.html:
        heading = "<br>".join(escape(line) for line in lines)
        html = _with_older(inbox, f"<p>{heading}</p>{clean_html(message.html)}")
    return create_draft(
        workspace=message.workspace,
        limits=limits,
        enclosures=enclosures,
        inbox=inbox,
        subject=message.subject if FORWARD.match(message.subject) else f"Fwd: {message.subject}",
        text=f"{_start(inbox)}\n\n" + "\n".join(lines) + f"\n\n{_text(message)}",
        html=html,
    )


def originals_of(draft: Draft) -> list[MessageAttachment]:
    """The files of the message that a draft answers which it does not carry and could."""
    message = draft.in_reply_to
    if message is None:
        return []
    carried = {file.attachment_id for file in draft.files}
    files = list(message.enclosures.select_related("attachment__blob"))
    return [
        one
        for one in _passed_on(files, has_words=bool(message.text or message.html))
        if one.attachment_id not in carried
        and one.attachment.state not in LOST
        and one.attachment.deleted_at is None
    ]


# People -----------------------------------------------------------------------------------------


def _inbox(message: Message) -> Inbox | None:
    """The inbox that answers; None when it is closed."""
    inbox = message.inbox
    return inbox if inbox and inbox.state == Inbox.State.ACTIVE else None


def _author(message: Message) -> Address:
    return Address(message.from_email, message.from_name or None)


def _authors(message: Message) -> list[Address]:
    """Whom an answer goes to; one to our own mail goes to whom that went to."""
    if message.direction == Direction.OUTBOUND:
        return _addresses(message.to)
    return _addresses(message.reply_to) or [_author(message)] * bool(message.from_email)


def _everybody(message: Message) -> tuple[list[Address], list[Address]]:
    """To and Cc of an answer to all: each once, and never ourselves."""
    seen = {message.inbox.address} if message.inbox else set()
    to = _fresh([*_authors(message), *_addresses(message.to)], seen)
    return to, _fresh(_addresses(message.cc), seen)


def _fresh(addresses: Iterable[Address], seen: set[str]) -> list[Address]:
    """Those that are not among `seen`, which they join; a sub-address is its inbox."""
    found = []
    for one in addresses:
        email, inbox = _names(one)
        if email not in seen and inbox not in seen:
            seen.add(email)
            found.append(one)
    return found


def _names(address: Address) -> tuple[str, str]:
    """What an address is known by; one that makes no sense, by its letters."""
    try:
        return names_of(address)
    except InvalidAddress:
        return address.email.lower(), address.email.lower()


def _addresses(rows: Iterable[dict[str, str | None]]) -> list[Address]:
    return [Address(str(row["email"]), row.get("name") or None) for row in rows]


def _named(address: Address) -> str:
    return f"{address.name} <{address.email}>" if address.name else address.email or "somebody"


# Words ------------------------------------------------------------------------------------------


def _spell(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%a, %d %b %Y at %H:%M UTC")


def _text(message: Message) -> str:
    """The plain text; of a message that has only HTML, its words."""
    if message.text is not None or not message.html:
        return message.text or ""
    return read_html(message.html)


def _quoted(text: str) -> str:
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}" for line in lines) + "\n"


def _quoted_html(message: Message, heading: str) -> str:
    quoted = clean_html(message.html or "")
    return f'<p>{escape(heading)}</p><blockquote type="cite">{quoted}</blockquote>'


def _start(inbox: Inbox | None) -> str:
    """The plain text above the older mail: nothing yet, and the signature."""
    return signed_text("", inbox.signature if inbox else "")


def _with_older(inbox: Inbox | None, older: str) -> str:
    """An HTML body of nothing yet, the signature, and the older mail, which the desk folds."""
    blank = "<div><br></div>"
    signature = signature_html(inbox.signature) if inbox else ""
    return f'{blank}{blank + signature}<div class="quoted">{older}</div>'


# Files ------------------------------------------------------------------------------------------


def _passed_on(
    files: Sequence[MessageAttachment],
    *,
    has_words: bool,
    container: MessageAttachment | None = None,
) -> Iterator[MessageAttachment]:
    """The files that stand for those of the mail, or for those inside of `container`.

    What is in a container that only Outlook reads goes without it, unless it may have the words.
    """
    wanted = container.pk if container else None
    for one in files:
        if one.container_id != wanted:
            continue
        is_outlooks_own = is_outlooks(
            filename=one.filename, content_type=one.attachment.content_type
        )
        contained: list[MessageAttachment] = []
        if is_outlooks_own:
            contained += _passed_on(files, has_words=has_words, container=one)
        if not contained or not has_words:
            yield one
        yield from contained


def _carried(
    files: Sequence[MessageAttachment], limits: Limits
) -> tuple[list[Enclosure], list[str]]:
    """How the draft carries files of a message, and the names of those that it cannot."""
    enclosures, lost = [], []
    for one in files:
        if one.attachment.state in LOST:
            lost.append(one.filename)
            continue
        attachment, is_new = _usable(one.attachment, limits)
        enclosures.append(
            Enclosure(attachment, one.inline, one.content_id, one.filename, is_new=is_new)
        )
    return enclosures, lost


def _usable(attachment: Attachment, limits: Limits) -> tuple[Attachment, bool]:
    """The attachment, or a copy of one that was deleted and that only its messages have."""
    if attachment.deleted_at is None:
        return attachment, False
    return copy_attachment(attachment=attachment, limits=limits), True
