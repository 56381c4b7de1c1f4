"""What messaging refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from project.api.times import spell_time
from project.errors import Conflict, Gone, Invalid, NotFound, Unprocessable

TOLD = 5  # of many addresses


class InvalidAddress(Invalid):
    """Not a mail address, or not one that can be written."""

    code = "invalid_address"


class SignatureTooLong(Invalid):
    """More than an inbox may put under its letters."""

    code = "signature_too_long"


class InvalidHeader(Invalid):
    """A header of the sender's own that may not stand in a message."""

    code = "invalid_header"


class UnwritableText(Invalid):
    """A text with CR, LF, NUL or half a surrogate pair, where a mail cannot have it."""

    code = "unwritable_text"


class InvalidContentType(Invalid):
    """Not of the form `type/subtype`, with parameters or without."""

    code = "invalid_content_type"


class InvalidContentId(Invalid):
    """Not fit to be written between angle brackets, or to be named by a `cid:` URL."""

    code = "invalid_content_id"


class DuplicateContentId(Unprocessable):
    """Two files of one message have the same Content-ID."""

    code = "duplicate_content_id"


class InvalidMessageId(Invalid):
    """Not a Message-ID in angle brackets."""

    code = "invalid_message_id"


class NoSender(Unprocessable):
    """A message cannot be written without a From address."""

    code = "no_sender"


class NoRecipients(Unprocessable):
    """Nobody to send it to."""

    code = "no_recipients"


class AllSuppressed(Unprocessable):
    """The workspace writes to none of the recipients any more; `details` says why."""

    code = "all_recipients_suppressed"

    def __init__(self, reasons: Mapping[str, str]) -> None:
        told = "; ".join(f"{email}: {why}" for email, why in list(reasons.items())[:TOLD])
        rest = f" And {len(reasons) - TOLD} others." if len(reasons) > TOLD else ""
        super().__init__(
            f"Nobody is left to send it to. {told}{rest}",
            field="to",
            details=[{"email": email, "reason": why} for email, why in reasons.items()],
        )


class TooManyRecipients(Unprocessable):
    """More addresses than one message may have."""

    code = "too_many_recipients"


class NotSender(Unprocessable):
    """The From address is not the inbox's, nor a sub-address of it."""

    code = "not_sender"


class TooLate(Conflict):
    """It has left, or is leaving: it cannot be held back any more."""

    code = "too_late"


class NotUnknown(Conflict):
    """There is no doubt to be resolved."""

    code = "not_unknown"


class NotHeld(Conflict):
    """Nobody holds it back."""

    code = "not_held"


class AlreadyPaused(Conflict):
    """Sending is paused there, or drained."""

    code = "already_paused"


class NotPaused(Conflict):
    """Nothing is paused there."""

    code = "not_paused"


class NothingToRetry(Conflict):
    """Nobody of its recipients waits for another try, or was given up."""

    code = "nothing_to_retry"


class MessageUnfinished(Conflict):
    """The message has not left yet."""

    code = "message_unfinished"


class NotSent(Conflict):
    """No server has taken it, so there is nothing to prove."""

    code = "not_sent"


class NotRecorded(Conflict):
    """It has been sent, and nobody put down what was sent."""

    code = "not_recorded"


class ContentGone(Gone):
    """What a message said is not kept any more; `details` says since when and why."""

    code = "content_gone"

    def __init__(self, *, code: str, reason: str, at: datetime) -> None:
        super().__init__(reason, details={"reason": code, "at": spell_time(at)})


class DomainNotYours(Unprocessable):
    """Inboxes are made at a domain of the workspace, or at one that all share."""

    code = "domain_not_yours"


class AddressTaken(Conflict):
    """There is an inbox of this address."""

    code = "address_taken"


class InboxInUse(Conflict):
    """Mail of this inbox has not left yet."""

    code = "inbox_in_use"


class FileTwice(Unprocessable):
    """A request names one file twice for the same message."""

    code = "file_twice"


class CustomerTaken(Conflict):
    """There is a customer of this address."""

    code = "customer_taken"


class ExternalIdTaken(CustomerTaken):
    """There is a customer of this external id."""


class FolderTaken(Conflict):
    """The inbox has a folder of this name."""

    code = "folder_taken"


class FolderFixed(Conflict):
    """The folder has a role, and every inbox needs it."""

    code = "folder_fixed"


class FolderNotEmpty(Conflict):
    """The folder has messages in it."""

    code = "folder_not_empty"


class SourceMissing(NotFound):
    """A received message whose raw bytes are not kept here."""

    code = "source_missing"
