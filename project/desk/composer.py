"""The page with the composer: a draft, what its script is told, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from attachments.models import Attachment
from drafts.check import Finding
from drafts.models import Draft
from drafts.replies import originals_of
from drafts.serializers import PREFIX, spell_draft
from messaging.api.limits import spell_limits
from messaging.models import Inbox
from project.desk.access import Desk
from project.desk.page import render_page
from project.desk.reasons import reasons_of_error
from project.desk.recipients import recipient_fields
from project.desk.written import Theirs, typed_of
from project.ids import spell


def render_composer(
    request: HttpRequest,
    desk: Desk,
    draft: Draft,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    theirs: Sequence[Theirs] = (),
    findings: Sequence[Finding] = (),
    anyway: str = "",
    wanted: Sequence[Attachment] = (),
    status: int = 200,
) -> HttpResponse:
    """The composer with a draft in it, or with what was `typed` and could not be saved.

    `theirs` is what others have saved meanwhile, `anyway` the action that passes over `findings`,
    and `wanted` are files that are still to be attached.
    """
    problems = dict(errors or {})
    text = dict(typed or typed_of(draft))
    facts = facts_of(desk, draft)
    facts["wanted"] = [spell("att", one.pk) for one in wanted]
    context = {
        "draft": draft,
        "facts": facts,
        "typed": text,
        "problems": problems,
        "recipients": recipient_fields(draft, typed=typed, problems=problems),
        "reasons": reasons_of_error(draft.error) if draft.error else [],
        "theirs": theirs,
        "findings": findings,
        "anyway": anyway,
        "title": _title(draft),
        "page_url": url_of(draft),
        "begins_with_text": bool(text["to"]),
    }
    return render_page(
        request, desk, "compose.html", context, inbox=draft.inbox, place="drafts", status=status
    )


def url_of(draft: Draft) -> str:
    """Where a draft is written; one that is not saved yet, where it begins."""
    if draft._state.adding:
        return reverse("desk:compose")
    return reverse("desk:draft", args=[spell(PREFIX, draft.pk)])


def facts_of(desk: Desk, draft: Draft) -> dict[str, Any]:
    """What the composer's script is told."""
    spelt = spell_draft(draft, at=timezone.now())
    if draft._state.adding:
        spelt |= {"id": None, "version": 0}
    return {
        "draft": spelt,
        "limits": spell_limits(desk.workspace),
        "undo_seconds": desk.workspace.undo_seconds,
        "inboxes": [_inbox(one) for one in desk.inboxes],
        "originals": [
            {"id": spell("att", one.attachment_id), "filename": one.filename}
            for one in originals_of(draft)
        ],
    }


def _title(draft: Draft) -> str:
    if draft.in_reply_to_id:
        return "Reply"
    return "New mail" if draft._state.adding else "Draft"


def _inbox(inbox: Inbox) -> dict[str, Any]:
    return {
        "id": spell("inb", inbox.pk),
        "address": inbox.address,
        "name": inbox.name,
        "signature": inbox.signature,
    }
