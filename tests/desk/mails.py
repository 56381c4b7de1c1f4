"""Mail that comes in, written in a word."""

from __future__ import annotations

from email.message import EmailMessage
from itertools import count

from messaging.models import Inbox, Message
from tests.messaging.make import receive

_numbers = count(1)


def mail(
    *,
    sender: str = "Ann Smith <ann@example.com>",
    to: str = "Desk <desk@acme.test>",
    subject: str = "Hello",
    text: str = "How are you?\n",
    html: str = "",
    files: dict[str, bytes] | None = None,
    answers: Message | None = None,
    **headers: str,
) -> bytes:
    """The bytes of a mail; an answer names what it answers."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, to, subject
    letter["Message-ID"] = f"<{next(_numbers)}.desk@example.com>"
    letter["Date"] = "Fri, 20 Nov 2026 09:00:00 +0000"
    if answers:
        letter["In-Reply-To"] = letter["References"] = answers.rfc_message_id
    for name, value in headers.items():
        letter[name] = value
    letter.set_content(text)
    if html:
        letter.add_alternative(html, subtype="html")
    for name, content in (files or {}).items():
        letter.add_attachment(content, maintype="application", subtype="pdf", filename=name)
    return letter.as_bytes()


def received(inbox: Inbox, **fields: object) -> Message:
    """A message that has come into an inbox; `fields` as `mail` has them."""
    return receive(inbox, mail(**fields))  # type: ignore[arg-type]
