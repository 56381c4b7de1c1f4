"""A new mail as an address of the composer describes it, in the manner of mailto (RFC 6068)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from django.http import QueryDict

from attachments.models import Attachment
from drafts.models import Draft
from drafts.signatures import signature_html, signed_text
from messaging.mime.fields import read_addresses
from messaging.models import Inbox
from project.api.fields import MAX_LINE
from project.desk.access import Desk
from project.ids import read

MAX_BODY = 100_000  # characters


def new_draft(given: QueryDict, *, desk: Desk, inbox: Inbox | None) -> Draft:
    """What `to`, `cc`, `bcc`, `subject` and `body` describe, signed; it is not saved."""
    body = "".join(given.get("body", "").replace("\r\n", "\n").split("\0"))[:MAX_BODY]
    draft = Draft(workspace=desk.workspace, inbox=inbox)
    for role in ("to", "cc", "bcc"):
        people = read_addresses(",".join(given.getlist(role)))
        setattr(draft, role, [{"email": one.email, "name": one.name} for one in people])
    draft.subject = " ".join(given.get("subject", "").replace("\0", "").split())[:MAX_LINE]
    draft.files = []
    signature = inbox.signature if inbox else ""
    if body or signature:
        draft.text = signed_text(body, signature)
        draft.html = f"{_blocks(body)}{signature_html(signature)}"
    return draft


def wanted_files(given: QueryDict, *, desk: Desk) -> Sequence[Attachment]:
    """The files that are to be attached, `attach`, in their order; those not here are left out."""
    ids = [read("att", id) for id in given.getlist("attach")]
    rows = desk.workspace.attachments.visible().select_related("blob")
    found = rows.in_bulk(ids) if ids else {}
    return [found[id] for id in dict.fromkeys(ids) if id in found]


def _blocks(body: str) -> str:
    lines = (escape(line, quote=False) or "<br>" for line in body.split("\n"))
    return "".join(f"<div>{line}</div>" for line in [*lines, "<br>"])
