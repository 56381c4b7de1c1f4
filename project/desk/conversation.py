"""A conversation: all its messages, the newest open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from messaging.heads import read_head
from messaging.mailbox import words_of
from messaging.models import Folder, Inbox, Message, Thread
from messaging.models.message import Direction, MessageQuerySet
from messaging.reading import with_sources
from messaging.search import moment_of
from project.desk.access import Desk, at_desk
from project.desk.bodies import MAX_TEXT, Passage, has_remote_pictures, read_passages
from project.desk.enclosed import Shown, enclosed_of
from project.desk.outcomes import Outcome, outcome_of
from project.desk.page import render_page
from project.desk.people import name_of, recipients_in_short
from project.errors import NotFound
from project.ids import read, spell

LIMIT = 50  # messages on a page; the older ones are behind a link


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as the page shows it."""

    message: Message
    id: str
    is_open: bool
    is_own: bool
    sender: str
    to: str  # in short
    recipients: Sequence[tuple[str, Sequence[dict[str, Any]]]]  # role and people
    moment: datetime
    beginning: str  # of one that is folded
    passages: Sequence[Passage]  # of its text; none where there is HTML
    has_remote_pictures: bool
    is_cut: bool  # there is more of it than the page shows
    files: Sequence[Shown]
    outcome: Outcome | None
    urls: dict[str, str]

    @property
    def initial(self) -> str:
        """The letter that stands for the sender's face."""
        return self.sender[:1].upper()


@require_safe
@at_desk
def conversation(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """The messages of a thread, the oldest first; those in the trash only if that is asked for."""
    thread = _thread(desk, id)
    everything = desk.messages.filter(thread=thread)
    in_trash = everything.filter(trashed_at__isnull=False)
    visible = everything.filter(trashed_at__isnull=True)
    is_trash = "trash" in request.GET or not visible.exists()
    rows = in_trash if is_trash else visible
    messages, older = _read(rows, request.GET.get("before"))
    if not messages:
        raise NotFound(f"There is nothing in the conversation {id}.")
    latest = messages[-1]
    folder = latest.folder
    place = folder.role or spell("fol", folder.pk) if folder else ""
    facts = {
        "thread": thread,
        "thread_id": id,
        "subject": latest.subject,
        "letters": _letters(desk, messages),
        "older": older,
        "is_trash": is_trash,
        "in_trash": 0 if is_trash else in_trash.count(),
        "is_archived": any(_lies_in(one, Folder.Role.ARCHIVE) for one in messages),
        "is_before_people": any(_is_before_people(one) for one in messages),
        "is_starred": any(one.starred for one in messages),
        "has_unread": any(one.unread for one in messages),
        "targets": _targets(thread),
        "back": _back_of(latest, place),
        "here": request.get_full_path(),
    }
    return render_page(
        request, desk, "conversation.html", facts, inbox=_inbox_of(desk, latest), place=place
    )


@require_safe
@at_desk
def headers(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """The header of a message as it stands in the mail."""
    message = desk.messages.filter(pk=read("msg", id)).first()
    if message is None:
        raise NotFound(f"There is no message {id} here.")
    with_sources([message])
    facts = {
        "message": message,
        "fields": [(field.name, field.text) for field in read_head(message)],
        "url": _page_of(message),
    }
    return render_page(request, desk, "headers.html", facts, inbox=_inbox_of(desk, message))


def _thread(desk: Desk, id: str) -> Thread:
    thread = desk.workspace.threads.filter(pk=read("thr", id)).select_related("inbox").first()
    if thread is None:
        raise NotFound(f"There is no conversation {id} here.")
    return thread


def _read(rows: MessageQuerySet, before: str | None) -> tuple[list[Message], str]:
    """The newest messages, or those before one, in order; and from where the older ones go on."""
    wanted = rows.filter(pk__lt=read("msg", before)) if before else rows
    found = list(wanted.in_full().select_related("folder", "inbox").order_by("-id")[: LIMIT + 1])
    messages = found[:LIMIT]
    older = spell("msg", messages[-1].pk) if len(found) > LIMIT else ""
    return sorted(messages, key=lambda one: (moment_of(one), one.pk)), older


def _letters(desk: Desk, messages: Sequence[Message]) -> list[Letter]:
    at = timezone.now()
    own = frozenset(inbox.address for inbox in desk.inboxes)
    latest = messages[-1]
    return [_letter(desk, one, own, at=at, is_open=one is latest or one.unread) for one in messages]


def _letter(
    desk: Desk, message: Message, own: frozenset[str], *, at: datetime, is_open: bool
) -> Letter:
    id = spell("msg", message.pk)
    text = message.text or ""
    is_own = message.direction == Direction.OUTBOUND
    return Letter(
        message=message,
        id=id,
        is_open=is_open,
        is_own=is_own,
        sender="me" if is_own else name_of(message.from_email, message.from_name),
        to=recipients_in_short([*message.to, *message.cc, *message.bcc], own),
        recipients=_recipients(message),
        moment=moment_of(message),
        beginning=words_of(message.text, message.html),
        passages=[] if message.html or not text.strip() else read_passages(text),
        has_remote_pictures=bool(message.html) and has_remote_pictures(message.html or ""),
        is_cut=not message.html and len(text) > MAX_TEXT,
        files=enclosed_of(message, at=at),
        outcome=outcome_of(message, at=at),
        urls=_urls(id),
    )


def _recipients(message: Message) -> list[tuple[str, Sequence[dict[str, Any]]]]:
    roles = (
        ("To", message.to),
        ("Cc", message.cc),
        ("Bcc", message.bcc),
        ("Answers to", message.reply_to),
    )
    return [(role, people) for role, people in roles if people]


def _urls(id: str) -> dict[str, str]:
    return {
        "body": reverse("desk:body", args=[id]),
        "headers": reverse("desk:headers", args=[id]),
        "files": reverse("desk:files-zip", args=[id]),
        "raw": reverse("messaging:message-raw", args=[id]),
        "resolve": reverse("desk:resolve", args=[id]),
        **{
            how: reverse("desk:answer", args=[id, how]) for how in ("reply", "reply_all", "forward")
        },
    }


def _targets(thread: Thread) -> list[tuple[str, str]]:
    """The folders to which it can be moved: id and name."""
    fixed = (Folder.Role.SENT, Folder.Role.TRASH)
    rows = Folder.objects.filter(inbox=thread.inbox_id).exclude(role__in=fixed)
    return [(spell("fol", one.pk), one.name) for one in rows.order_by("role", "name")]


def _lies_in(message: Message, role: str) -> bool:
    return message.folder is not None and message.folder.role == role


def _is_before_people(message: Message) -> bool:
    aside = (Folder.Role.SENT, Folder.Role.ARCHIVE, Folder.Role.TRASH)
    return message.folder is not None and message.folder.role not in aside


def _inbox_of(desk: Desk, message: Message) -> Inbox | None:
    return next((one for one in desk.inboxes if one.pk == message.inbox_id), None)


def _back_of(message: Message, place: str) -> str:
    """The list in which it lies."""
    if not message.inbox_id or not place:
        return reverse("desk:home")
    return reverse("desk:place", args=[spell("inb", message.inbox_id), place])


def _page_of(message: Message) -> str:
    id = spell("thr", message.thread_id) if message.thread_id else ""
    return reverse("desk:conversation", args=[id]) if id else reverse("desk:home")
