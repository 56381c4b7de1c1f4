"""Mail handed to a Django or Anymail back-end, for those who send through a provider.

A back-end takes whole messages, and an error of its own may come before or after the provider
took the mail: what it does not say clearly stays in doubt.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email import encoders
from email.mime.base import MIMEBase
from email.utils import formataddr
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailUnsupportedFeature
from anymail.message import AnymailMessage
from anymail.utils import UNSET
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.signing import Signer

from attachments.errors import StorageUnavailable
from messaging.addresses import Address
from messaging.mime.assembly import letter_of, mail_type
from messaging.mime.writer import FileChanged
from messaging.models import MessageAttachment, Recipient
from messaging.outbox.parcel import FilesMissing, Line, Parcel, carry_in_turn
from messaging.outbox.record import End, Reply, storable
from project.errors import Refusal

#: what an operator or the provider can put right: who we are, how fast and how much we send
TEMPORARY = (401, 402, 403, 408, 425, 429)
#: words of Anymail for a recipient whom the provider did not take
NOT_TAKEN = ("invalid", "rejected", "failed")
#: names our message in what a provider keeps beside a mail, and gives back when it speaks of it
METADATA = "message"
#: signs that name: whoever gets a mail can read its id off the Message-ID
NAMES = Signer(salt="messaging.outbox.provider")
ID_CHARACTERS = Recipient._meta.get_field("provider_id").max_length


@dataclass(frozen=True)
class ProviderTransport:
    """Hands mail to a back-end, by its dotted name."""

    name: str

    def run(self, parcel: Parcel, line: Line) -> None:
        """Hand over this parcel, and those that `line` has next."""
        carry_in_turn(parcel, line, self.hand_over)

    def hand_over(self, parcel: Parcel, line: Line) -> tuple[End | None, Parcel | None]:
        """Hand over one: its end, None if it may not go, and the next, if the drain named one."""
        try:
            mail = self.compose(parcel)
        except FilesMissing as error:
            return parcel.without_files(error), None
        except (OSError, StorageUnavailable, FileChanged, Refusal) as error:
            return parcel.unsent(f"The mail could not be read: {error}"), None
        try:
            connection = get_connection(self.name)
        except (AnymailError, ImproperlyConfigured, ImportError) as error:
            return parcel.unsent(f"{self.name} is not set up: {error}"), None
        accepted = Reply(250, f"Taken by {self.name}")
        replies = {one.recipient_id: accepted for one in parcel.addressees}
        answer = line.begin(parcel.begin(replies))
        if not answer.may_go:
            return None, answer.next
        answers = self.answers(connection, mail, parcel, accepted)
        return parcel.answered(answers, named=frozenset(replies)), answer.next

    def answers(
        self, connection: BaseEmailBackend, mail: AnymailMessage, parcel: Parcel, accepted: Reply
    ) -> dict[Any, Reply]:
        """The provider's word on each addressee; nobody's, if it is in doubt."""
        everybody = [one.recipient_id for one in parcel.addressees]
        try:
            taken = self.send(connection, mail)
        except (smtplib.SMTPException, AnymailError, OSError) as error:
            refusal = refusal_of(error)
            return dict.fromkeys(everybody, refusal) if refusal else {}
        if not taken:
            return {}
        return {one.recipient_id: verdict(mail, one.address, accepted) for one in parcel.addressees}

    def send(self, connection: BaseEmailBackend, mail: AnymailMessage) -> int | None:
        """Hand it over, to a provider that keeps no metadata without it; how many were taken."""
        try:
            return connection.send_messages([mail])
        except AnymailUnsupportedFeature:  # said before anything is sent
            mail.metadata = UNSET
            return connection.send_messages([mail])

    def compose(self, parcel: Parcel) -> AnymailMessage:
        """The message as Django's back-ends want it, with its files in memory.

        Only those still to be reached are addressed, each once: back-ends make their envelope of
        To, Cc and Bcc. Raises FileChanged, and what `Parcel.open` raises.
        """
        parcel.open()
        letter = letter_of(parcel.message)
        left = {one.address.key for one in parcel.addressees}

        def wanted(addresses: Iterable[Address]) -> list[str]:
            found = []
            for one in addresses:
                if one.key in left:
                    left.remove(one.key)
                    found.append(spelt(one))
            return found

        mail = AnymailMessage(
            subject=letter.subject,
            body=letter.text or "",
            from_email=spelt(letter.sender or parcel.mail_from),
            to=wanted(letter.to),
            cc=wanted(letter.cc),
            bcc=wanted(letter.bcc),
            reply_to=[spelt(one) for one in letter.reply_to],
            headers={**letter.headers, **threading_headers(parcel)},
            metadata={METADATA: NAMES.sign(parcel.message.pk.hex)},
        )
        if letter.html is not None:
            mail.attach_alternative(letter.html, "text/html")
        for enclosure in parcel.message.enclosures.all():
            if enclosure.in_mail:
                mail.attach(mime_part(enclosure, parcel))
        return mail


def mime_part(enclosure: MessageAttachment, parcel: Parcel) -> MIMEBase:
    """A file as a part of its own, base64, so that nothing changes its line ends."""
    content = parcel.opened[enclosure.attachment_id].read()
    if len(content) != enclosure.attachment.size:
        raise FileChanged(enclosure.filename)
    main, _, sub = mail_type(enclosure.attachment).partition(";")[0].partition("/")
    part = MIMEBase(main, sub)
    if main == "message":
        part.set_type("application/octet-stream")
    part.set_payload(content)
    encoders.encode_base64(part)
    disposition = "inline" if enclosure.inline else "attachment"
    part.add_header("Content-Disposition", disposition, filename=enclosure.filename)
    if enclosure.content_id:
        part.add_header("Content-ID", f"<{enclosure.content_id}>")
    return part


def threading_headers(parcel: Parcel) -> dict[str, str]:
    """The headers that make it the same mail at every try, and part of its thread."""
    message = parcel.message
    headers = {"Message-ID": message.rfc_message_id}
    if message.in_reply_to:
        headers["In-Reply-To"] = message.in_reply_to
    if message.references:
        headers["References"] = " ".join(message.references)
    return headers


def verdict(mail: AnymailMessage, address: Address, accepted: Reply) -> Reply:
    """The provider's word on one addressee of a mail that it took, where it tells (Anymail)."""
    each = mail.anymail_status.recipients.get(address.ascii_email)
    if each is None:
        return accepted
    id = provider_id_of(each.message_id)
    if each.status in NOT_TAKEN:
        return Reply(550, f"The provider says: {each.status}", provider_id=id)
    return replace(accepted, provider_id=id)


def provider_id_of(name: str | None) -> str:
    """What a provider calls a mail, as it is kept."""
    return storable(str(name or ""))[:ID_CHARACTERS]


def refusal_of(error: Exception) -> Reply | None:
    """The reply that an error amounts to; None if the mail may have been taken all the same."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return Reply(code, said.decode("utf-8", "replace"))
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return Reply(
            error.smtp_code, words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        )
    if isinstance(error, AnymailAPIError):
        status = error.status_code
        if status in TEMPORARY:
            return Reply(450, str(error))
        return Reply(550, str(error)) if status and 400 <= status < 500 else None
    if isinstance(error, AnymailError):  # our mail cannot be said in this provider's terms
        return Reply(0, str(error))
    if isinstance(error, ConnectionRefusedError):
        return Reply(450, str(error))
    return None


def spelt(address: Address) -> str:
    return formataddr((address.name or "", address.ascii_email))
