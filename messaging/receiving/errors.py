"""What can be wrong with mail that comes in."""

from project.errors import Invalid, TooLarge, Unavailable, Unprocessable


class EmptyMail(Invalid):
    """Not a byte came."""

    code = "empty_mail"


class NobodyHere(Unprocessable):
    """None of the addresses that a mail is for is an inbox here."""

    code = "no_such_inbox"


class MailTooLarge(TooLarge):
    """More bytes than any mail may have here."""

    code = "mail_too_large"

    def __init__(self, *, size: int, limit: int) -> None:
        super().__init__(
            f"This mail has {size} bytes; at most {limit} are taken.", limit=limit, actual=size
        )


class MailboxFull(Unavailable):
    """The workspace uses all of its room; whoever has the mail keeps it, and tries again."""

    code = "mailbox_full"

    def __init__(self) -> None:
        super().__init__("There is no room for more mail in this workspace; try again later.")
