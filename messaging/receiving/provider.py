"""What a provider says by Anymail's webhooks: mail that came in, and what became of ours.

What is raised here is the webhook's answer: the provider shows a refusal to who runs it, and tries
again what was no fault of the mail.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from email import encoders
from email.message import MIMEPart
from email.policy import EmailPolicy
from hashlib import sha256
from uuid import UUID

from anymail.inbound import AnymailInboundMessage
from anymail.signals import (
    AnymailInboundEvent,
    AnymailTrackingEvent,
    EventType,
    inbound,
    tracking,
)
from django.core.signing import BadSignature
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver

from messaging.addresses import Address
from messaging.errors import InvalidAddress
from messaging.inboxes import inbox_at
from messaging.mime.fields import read_fields, storable
from messaging.models import Arrival, Inbox, Recipient, Suppression
from messaging.models.message import Direction
from messaging.outbox.provider import METADATA, NAMES, provider_id_of
from messaging.receiving.arrivals import has_room, keep_arrivals, open_incoming
from messaging.receiving.errors import EmptyMail, MailboxFull, MailTooLarge, NobodyHere
from messaging.receiving.outcomes import Outcome, apply_outcomes, code_in
from messaging.suppressions import spelling_of, suppress
from project.providers import BATCHES, bytes_in, recipients_in

log = logging.getLogger(__name__)

State = Recipient.State

#: what an event says of a recipient; that it is tried later proves that the provider has the mail
STATES: dict[str, str] = {
    EventType.QUEUED: State.ACCEPTED,
    EventType.SENT: State.ACCEPTED,
    EventType.DEFERRED: State.ACCEPTED,
    EventType.DELIVERED: State.DELIVERED,
    EventType.BOUNCED: State.BOUNCED,
    EventType.REJECTED: State.REFUSED,
    EventType.FAILED: State.REFUSED,
    EventType.COMPLAINED: State.COMPLAINED,
}
MAX_WORDS = 1000
#: where a mail says whom it is for, when its provider does not
NAMING = ("Delivered-To", "X-Original-To", "To", "Cc", "Bcc")
MAX_ADDRESSES = 100
LINE_ENDS = re.compile(r"[\r\n]+[ \t]*")


class AsItCame(EmailPolicy):
    """Writes every header field on one line: Python would cut it wherever Unicode ends a line."""

    def fold_binary(self, name: str, value: str) -> bytes:
        line = f"{name}: {LINE_ENDS.sub(' ', str(value))}{self.linesep}"
        return line.encode("utf-8", "surrogateescape")


AS_IT_CAME = AsItCame(linesep="\r\n", refold_source="none", utf8=True)


# What came in ------------------------------------------------------------------------------------


@receiver(inbound)
def keep_mail(sender: object, *, event: AnymailInboundEvent, esp_name: str, **_: object) -> None:
    """Keep a mail for every inbox that it is for.

    Raises NobodyHere and MailboxFull, and as `keep_arrivals` does; what only refuses this mail is
    no more than noted where its provider tells of others in the same breath.
    """
    try:
        _keep(event, esp_name)
    except (NobodyHere, EmptyMail, MailTooLarge) as refusal:
        if esp_name not in BATCHES:
            raise
        log.warning("a mail from %s is not taken: %s", esp_name, refusal.message)


def _keep(event: AnymailInboundEvent, esp_name: str) -> None:
    raw = bytes_in(event, esp_name)
    raw = bytes_of(event.message) if raw is None else raw
    envelope = reached(raw, recipients_in(event, esp_name))
    if not envelope:
        raise NobodyHere("None of the addresses of this mail is an inbox here.")
    roomy = [(inbox, address) for inbox, address in envelope if has_room(inbox)]
    if roomy:
        with closing(open_incoming()) as incoming:
            incoming.write(raw)
            keep_arrivals(
                envelope=roomy,
                incoming=incoming,
                via=Arrival.Via.PROVIDER,
                mail_from=(event.message.envelope_sender or "").strip("<>"),
            )
    if len(roomy) < len(envelope):  # told again, it is kept for the others, and for these once
        raise MailboxFull


def reached(raw: bytes, recipients: Sequence[str]) -> list[tuple[Inbox, str]]:
    """The inboxes that a mail is for, each once, with the address that says so.

    `recipients` are the envelope's; they count alone, if one of them is an inbox here.
    """
    fields, _ = read_fields(raw, 0, len(raw), is_top=True)
    named = [one.email for name in NAMING for one in fields.addresses(name)]
    for addresses in (recipients, dict.fromkeys(named[:MAX_ADDRESSES])):
        found: dict[UUID, tuple[Inbox, str]] = {}
        for address in addresses:
            inbox = inbox_at(address)
            if inbox:
                found.setdefault(inbox.pk, (inbox, address))
        if found:
            return list(found.values())
    return []


def bytes_of(mail: AnymailInboundMessage) -> bytes:
    """A mail of which its provider gives the pieces; the same one is always the same bytes."""
    if mail.is_multipart() and mail.get_boundary() is None:
        put_together(mail)
    return bytes(mail.as_bytes(policy=AS_IT_CAME))


def put_together(mail: AnymailInboundMessage) -> None:
    """Make a mail whole that its provider gave in pieces.

    The pieces have neither encodings, without which line ends would change, nor boundaries: those
    of Python are random, ours are made of what they part.
    """
    for part in _parts(mail):
        if not part.is_multipart() and "Content-Transfer-Encoding" not in part:
            encoders.encode_base64(part)
    _set_boundaries(mail, "")
    _set_boundaries(mail, sha256(mail.as_bytes(policy=AS_IT_CAME)).hexdigest()[:32])


def _set_boundaries(mail: MIMEPart, digest: str) -> None:
    """Boundaries that occur in no encoded text (RFC 2045, section 6.7: `=_`)."""
    wholes = (part for part in _parts(mail) if part.get_content_maintype() == "multipart")
    for number, part in enumerate(wholes):
        part.set_boundary(f"=_{digest}_{number}")


def _parts(mail: MIMEPart) -> Iterator[MIMEPart]:
    """A mail and its parts; a mail inside of it is one part."""
    yield mail
    if mail.get_content_maintype() == "multipart":
        for part in mail.iter_parts():
            yield from _parts(part)


# What became of ours -----------------------------------------------------------------------------


@receiver(tracking)
def note_outcome(
    sender: object, *, event: AnymailTrackingEvent, esp_name: str, **_: object
) -> None:
    """Tell a recipient what became of the mail; who unsubscribes gets none that is not asked for.

    Of mail that is not ours to tell of nothing is noted.
    """
    state = STATES.get(event.event_type)
    if state is None and event.event_type != EventType.UNSUBSCRIBED:
        return
    with transaction.atomic():
        one = concerned(event)
        if one is None:
            log.info("%s speaks of a mail that nobody here has sent", esp_name)
            return
        if state is not None:
            apply_outcomes(message=one.delivery.message, outcomes=[_outcome(event, state, one)])
            return
        suppress(
            workspace=one.delivery.message.workspace,
            email=one.email,
            reason=Suppression.Reason.UNSUBSCRIBE,
            applies_to=Suppression.Scope.NON_TRANSACTIONAL,
            recipient=one,
        )


def _outcome(event: AnymailTrackingEvent, state: str, one: Recipient) -> Outcome:
    said = event.mta_response or event.description or f"The provider says: {event.event_type}"
    words = storable(str(said))[:MAX_WORDS]
    return Outcome(names=(one.email,), state=state, code=code_in(words), words=words)


def concerned(event: AnymailTrackingEvent) -> Recipient | None:
    """The recipient that an event is about: one address of one message, or nobody.

    The message is known by what we gave the provider to keep, by what the provider calls it, or by
    its own Message-ID.
    """
    email = _spelt(event.recipient)
    for rows in _candidates(event, email) if email else ():
        found = [
            one
            for one in rows.select_related("delivery__message__workspace")
            if _spelt(one.email) == email
        ]
        if len({one.delivery.message_id for one in found}) == 1:
            return found[0]
    return None


def _candidates(event: AnymailTrackingEvent, email: str) -> Iterator[QuerySet[Recipient]]:
    sent = Recipient.objects.filter(delivery__message__direction=Direction.OUTBOUND)
    message = _read_id(event.metadata)
    if message:
        yield sent.filter(delivery__message=message)
    if event.message_id:
        yield sent.filter(provider_id=provider_id_of(event.message_id))
        addressed = sent.filter(email__in={event.recipient, email})  # by its index
        yield addressed.filter(delivery__message__rfc_message_id=storable(str(event.message_id)))


def _read_id(metadata: object) -> UUID | None:
    """The message that we named in a mail's metadata; None for others' metadata."""
    named = metadata.get(METADATA) if isinstance(metadata, dict) else None
    try:
        return UUID(NAMES.unsign(named)) if isinstance(named, str) else None
    except (BadSignature, ValueError):
        return None


def _spelt(email: object) -> str:
    """An address as addresses are compared; blank when it is none."""
    try:
        return spelling_of(Address(str(email or "").strip()))
    except InvalidAddress:
        return ""
