"""The manifest of a message, made of its rows whenever somebody asks.

It is not stored: attempts are. What it tells of the mail was put down with the try that sent it,
and so was what servers said in each try; neither ever changes. Of what is heard of a recipient
later (a bounce), the last stands behind that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from messaging.errors import NotRecorded, NotSent
from messaging.manifest.keys import sign
from messaging.models import Attempt, Message, Recipient
from project.api.times import spell_time
from project.ids import spell

FORMAT = "enclose-manifest-1"
UNTRIED = (Recipient.State.PENDING, Recipient.State.SUPPRESSED)


def signed_manifest(message: Message) -> dict[str, Any]:
    """The manifest of a message, with its signature and the key's id.

    Two queries. Raises NotSent and NotRecorded.
    """
    return sign(manifest_of(message))


def manifest_of(message: Message) -> dict[str, Any]:
    """What was sent, to whom, and what was said; see `signed_manifest`."""
    if message.sent_at is None:
        raise NotSent("No server has taken this message, so there is nothing to prove.")
    rows = Recipient.objects.filter(delivery__message=message).order_by("pk")
    tries = Attempt.objects.filter(delivery__message=message).order_by("ended_at", "id")
    recipients, attempts = list(rows), list(tries)
    sent = next((one.sent for one in attempts if one.sent), None)
    if sent is None:
        raise NotRecorded("What was sent was not put down when it was sent.")
    told = {row["id"] for one in attempts for row in one.replies}
    named = [one.email for one in recipients if one.pk.hex in told or one.state not in UNTRIED]
    return {
        "format": FORMAT,
        "workspace": spell("wsp", message.workspace_id),
        "message": spell("msg", message.pk),
        "message_id": message.rfc_message_id,
        "sent_at": spell_time(message.sent_at),
        "envelope": {"from": sent["from"], "recipients": named},
        "mime": {"sha256": sent["sha256"], "size": sent["size"]} if sent["sha256"] else None,
        "parts": sent["parts"],
        "replies": _replies(attempts, recipients),
    }


def _replies(attempts: Iterable[Attempt], recipients: Iterable[Recipient]) -> list[dict[str, Any]]:
    """What was said of each recipient in each try, and what has been heard of them since."""
    rows = []
    emails = {one.pk.hex: one.email for one in recipients}
    told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in attempts:
        for row in one.replies:
            told[row["id"]].add((row["state"], row["reply"]))
            rows.append(
                {
                    "at": spell_time(one.ended_at),
                    "attempt": one.number,
                    "relay": one.relay,
                    "mime_sha256": (one.sent or {}).get("sha256") or None,
                    "recipient": emails[row["id"]],
                    "state": row["state"],
                    "code": row["code"],
                    "reply": row["reply"],
                }
            )
    later = [one for one in recipients if one.at and (one.state, one.reply) not in told[one.pk.hex]]
    rows += [_last_word(one) for one in later if one.state not in UNTRIED]
    return sorted(rows, key=lambda row: str(row["at"]))


def _last_word(one: Recipient) -> dict[str, Any]:
    return {
        "at": spell_time(one.at),
        "attempt": None,
        "relay": None,
        "mime_sha256": None,
        "recipient": one.email,
        "state": one.state,
        "code": one.code,
        "reply": one.reply,
    }
