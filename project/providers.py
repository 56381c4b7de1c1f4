"""What providers say of a mail and Anymail does not hand on: its own bytes, and all it is for.

Anymail parses a mail that a provider gives whole; written again it would not be the same bytes.
"""

from __future__ import annotations

import contextlib
import json
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any

from anymail.signals import AnymailInboundEvent

Said = Callable[[Any], Any]


def _by_ses(event: Any) -> str | bytes:
    is_coded = event["receipt"]["action"].get("encoding") == "BASE64"
    return b64decode(event["content"]) if is_coded else str(event["content"])


def _by_postal(event: Any) -> str | bytes:
    return b64decode(event["message"]) if event.get("base64") is True else str(event["message"])


def _by_sparkpost(event: Any) -> str | bytes:
    content = event["msys"]["relay_message"]["content"]
    source = content["email_rfc822"]
    return b64decode(source) if content["email_rfc822_is_base64"] else str(source)


#: providers that give a mail whole -> where their own event has it
WHOLE: dict[str, Said] = {
    "Amazon SES": _by_ses,
    "Mailgun": lambda request: request.POST["body-mime"],
    "MailerSend": lambda event: event["data"]["raw"],
    "Mandrill": lambda event: event["msg"]["raw_msg"],
    "Postal": _by_postal,
    "Postmark": lambda event: event["RawEmail"],
    "SendGrid": lambda request: request.POST["email"],
    "SparkPost": _by_sparkpost,
}
#: providers that tell of several recipients at once -> where their own event names them
EVERYBODY: dict[str, Callable[[Any], Iterable[Any]]] = {
    "Amazon SES": lambda event: event["receipt"]["recipients"],
    "MailerSend": lambda event: [one["email"] for one in event["data"]["recipients"]["rcptTo"]],
    "SendGrid": lambda request: json.loads(request.POST["envelope"])["to"],
}
#: providers that tell of several mails at once: one that nobody wants must not cost the others
BATCHES = frozenset({"Mandrill", "SparkPost"})
MISSING = (AttributeError, KeyError, TypeError, ValueError)


def bytes_in(event: AnymailInboundEvent, esp_name: str) -> bytes | None:
    """The mail as its provider has it; None for one that comes in pieces."""
    with contextlib.suppress(*MISSING):
        whole = WHOLE[esp_name](event.esp_event)
        return whole if isinstance(whole, bytes) else str(whole).encode("utf-8", "surrogateescape")
    return None


def recipients_in(event: AnymailInboundEvent, esp_name: str) -> list[str]:
    """The recipients of the envelope; Anymail gives the first one only."""
    with contextlib.suppress(*MISSING):
        return [str(one) for one in EVERYBODY[esp_name](event.esp_event)]
    return [event.message.envelope_recipient or ""]
