"""What messaging refuses."""

from project.errors import Conflict, Invalid, Unprocessable


class InvalidAddress(Invalid):
    """Not a mail address, or not one that can be written."""

    code = "invalid_address"


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


class MessageUnfinished(Conflict):
    """The message has not left yet."""

    code = "message_unfinished"


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


class FolderTaken(Conflict):
    """The inbox has a folder of this name."""

    code = "folder_taken"


class FolderFixed(Conflict):
    """The folder has a role, and every inbox needs it."""

    code = "folder_fixed"


class FolderNotEmpty(Conflict):
    """The folder has messages in it."""

    code = "folder_not_empty"
