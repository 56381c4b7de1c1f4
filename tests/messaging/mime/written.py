"""Letters and files for the writer's tests, and what comes back when the message is read."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from io import BytesIO
from typing import Any

from messaging.addresses import Address
from messaging.letter import Letter
from messaging.mime.writer import MimeWriter, Part

ALICE = Address("alice@acme.test", "Alice")
BOB = Address("bob@acme.test")
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
MESSAGE_ID = "<1@acme.test>"


def make_letter(**given: Any) -> Letter:
    return Letter(**{"sender": ALICE, "to": (BOB,), "subject": "Hello"} | given)


def make_part(
    content: bytes = b"bytes",
    filename: str = "a.pdf",
    content_type: str = "application/pdf",
    **given: Any,
) -> Part:
    given = {"size": len(content), "open": lambda: BytesIO(content)} | given
    return Part(filename=filename, content_type=content_type, **given)


def make_writer(letter: Letter | None = None, *parts: Part, **given: Any) -> MimeWriter:
    given = {"message_id": MESSAGE_ID, "date": NOW, "seed": b"secret"} | given
    return MimeWriter(letter or make_letter(), parts, **given)


def write(letter: Letter | None = None, *parts: Part, **given: Any) -> bytes:
    writer = make_writer(letter, *parts, **given)
    message = b"".join(writer.blocks())
    assert len(message) == writer.size
    return message


def read(message: bytes) -> EmailMessage:
    return message_from_bytes(message, policy=default)


def outline(message: Message) -> Any:
    """The types of a message as nested tuples: `("mixed", "text/plain", "application/pdf")`."""
    if message.get_content_maintype() != "multipart":
        return message.get_content_type()
    return (message.get_content_subtype(), *(outline(child) for child in message.iter_parts()))
