"""What a form of the composer does: all that can be done there without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

from django.contrib import messages as notices
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from rest_framework.request import Request

from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.multipart import FormFile, FormHandler
from attachments.offers import Offer, keep_offer, put_offer
from drafts.check import ERROR, WARNING, check_draft
from drafts.errors import DraftDispatched, NotAttached, VersionConflict
from drafts.models import Draft, DraftState
from drafts.replies import originals_of
from drafts.services import (
    attach_files,
    create_draft,
    delete_draft,
    detach_file,
    send_draft,
    unsend_draft,
    update_draft,
)
from messaging.enclosures import Enclosure
from project.api.parsers import MAX_BODY_BYTES, check_length, opener
from project.desk.access import Desk
from project.desk.composer import render_composer, url_of
from project.desk.holding import read_time
from project.desk.prefill import wanted_files
from project.desk.written import Written, differing, read_form
from project.errors import NotFound, Refusal
from project.ids import read
from project.tenancy.models import Scope

ANYWAY = "anyway"  # behind `send` or `schedule`: the warnings have been read


def stream_files(request: HttpRequest, limits: Limits) -> None:
    """Have the files of a form written to where they stay, while it is read.

    To be called before anything looks into the form. Raises BodyTooLarge.
    """
    known = cast("Request", request)
    check_length(known, MAX_BODY_BYTES)
    open: Any = opener(known, lambda: Incoming(limit=limits.max_file_bytes))
    request.upload_handlers = [FormHandler(request, open=open)]


def write_form(request: HttpRequest, desk: Desk, draft: Draft, limits: Limits) -> HttpResponse:
    """Save what was typed, attach what was chosen, then do the `action`; nothing typed is lost."""
    action, _, what = request.POST.get("action", "save").partition(":")
    if draft.message_id or action in ("send", "schedule"):
        desk.require(Scope.SEND)
    written = read_form(request.POST, draft=draft, desk=desk)
    try:
        if action == "unsend":
            unsend_draft(draft=draft)
            return redirect(url_of(draft))
        if action == "discard":
            return _discard(request, draft)
        saved = _keep(draft, written, limits, expected=_version(request))
    except VersionConflict:
        return _overtaken(request, desk, draft, written, limits)
    except DraftDispatched as refusal:
        return _too_late(request, desk, draft, written, refusal)
    saved, errors = _attach(request, desk, saved, limits, originals=action == "originals")
    errors = {**written.errors, **errors}
    if action == "remove":
        with suppress(NotAttached):
            saved = detach_file(draft=saved, attachment_id=read("att", what), limits=limits)
    if not errors and action in ("send", "schedule"):
        anyway = what == ANYWAY
        return _send(request, desk, saved, written, limits, action=action, anyway=anyway)
    if errors:
        typed = written.typed
        return render_composer(request, desk, saved, typed=typed, errors=errors, status=422)
    return redirect(url_of(saved))


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and given != "0" else None


def _keep(draft: Draft, written: Written, limits: Limits, *, expected: int | None) -> Draft:
    """The draft as it was typed; what others have changed elsewhere in it is no obstacle."""
    if draft._state.adding:
        letter = draft.letter
        fields: dict[str, Any] = {"inbox": draft.inbox}
        fields |= {name: getattr(letter, name) for name in LETTER}
        fields |= written.values
        draft = create_draft(workspace=draft.workspace, limits=limits, **fields)
    elif written.values:
        update_draft(draft=draft, limits=limits, expected=expected, **written.values)
    return Draft.objects.in_full().get(pk=draft.pk)


LETTER = ("to", "cc", "bcc", "subject", "text", "html")


def _overtaken(
    request: HttpRequest, desk: Desk, draft: Draft, written: Written, limits: Limits
) -> HttpResponse:
    """Show what was typed and what others have saved meanwhile; files are attached all the same."""
    current = Draft.objects.in_full().get(pk=draft.pk)
    current, errors = _attach(request, desk, current, limits)
    return render_composer(
        request,
        desk,
        current,
        typed=written.typed,
        errors={**written.errors, **errors},
        theirs=differing(written.typed, current),
        status=409,
    )


def _too_late(
    request: HttpRequest, desk: Desk, draft: Draft, written: Written, refusal: Refusal
) -> HttpResponse:
    """It has left meanwhile: what was typed goes on as a new draft."""
    notices.error(request, f"{refusal.message} What you wrote is in a new draft, not saved yet.")
    fresh = Draft(workspace=draft.workspace, inbox=draft.inbox)
    fresh.files = []
    return render_composer(request, desk, fresh, typed=written.typed, status=409)


def _discard(request: HttpRequest, draft: Draft) -> HttpResponse:
    if not draft._state.adding:
        delete_draft(draft=draft)
    notices.success(request, "The draft is deleted.")
    return redirect("desk:home")


# Files ------------------------------------------------------------------------------------------


def _attach(
    request: HttpRequest, desk: Desk, draft: Draft, limits: Limits, *, originals: bool = False
) -> tuple[Draft, dict[str, str]]:
    """The draft with the files of the form, and what is wrong with those that it has not."""
    known = {file.attachment_id for file in draft.files}
    given = [*wanted_files(request.GET, desk=desk), *wanted_files(request.POST, desk=desk)]
    known_files = {one.pk: Enclosure(one) for one in given if one.pk not in known}
    if originals:
        known_files |= {
            one.attachment_id: Enclosure(one.attachment, filename=one.filename)
            for one in originals_of(draft)
        }
    problems = []
    try:
        if known_files:
            enclosures = list(known_files.values())
            draft = attach_files(draft=draft, enclosures=enclosures, limits=limits)
    except Refusal as refusal:
        problems.append(refusal.message)
    for file in cast("Iterable[FormFile]", request.FILES.getlist("file")):
        try:
            draft = _attach_one(draft, file, limits)
        except Refusal as refusal:
            problems.append(f"{file.filename}: {refusal.message}")
    return draft, {"file": " ".join(problems)} if problems else {}


def _attach_one(draft: Draft, file: FormFile, limits: Limits) -> Draft:
    offer = Offer(filename=file.filename, content_type=file.content_type, incoming=file.incoming)
    blob = put_offer(workspace=draft.workspace, offer=offer, limits=limits)
    with transaction.atomic():
        kept = keep_offer(
            workspace=draft.workspace, offer=offer, blob=blob, limits=limits, held=True
        )
        enclosure = Enclosure(kept, is_new=True)
        return attach_files(draft=draft, enclosures=[enclosure], limits=limits)


# Sending ----------------------------------------------------------------------------------------


def _send(
    request: HttpRequest,
    desk: Desk,
    draft: Draft,
    written: Written,
    limits: Limits,
    *,
    action: str,
    anyway: bool,
) -> HttpResponse:
    """Send it, or show what there is to say before."""
    told = (ERROR,) if anyway else (ERROR, WARNING)
    found = check_draft(draft=draft, limits=limits).findings
    if any(one.severity in told for one in found):
        return render_composer(
            request,
            desk,
            draft,
            typed=written.typed,
            findings=[one for one in found if one.severity in (ERROR, WARNING)],
            anyway="" if any(one.severity == ERROR for one in found) else f"{action}:{ANYWAY}",
            status=422,
        )
    is_later = action == "schedule"
    try:
        send_at = read_time(request.POST.get("send_at", "")) if is_later else None
        undo = 0 if is_later else desk.workspace.undo_seconds
        sent = send_draft(draft=draft, limits=limits, send_at=send_at, undo_seconds=undo)
    except NotFound:
        raise
    except Refusal as refusal:
        errors = {refusal.field or "send_at": refusal.message}
        typed = written.typed
        return render_composer(request, desk, draft, typed=typed, errors=errors, status=422)
    notices.success(request, _said(sent))
    return redirect(url_of(sent))


def _said(draft: Draft) -> str:
    state = draft.state_at(timezone.now())
    if state == DraftState.WAITING:
        return "It leaves as soon as its files are in."
    if draft.send_at is None:
        return "Sent."
    return (
        f"It leaves at {draft.send_at:%H:%M:%S on %-d %B %Y} UTC. Until then it can be taken back."
    )
