"""The contracts that are served, for those who look for one."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc


@dataclass(frozen=True, kw_only=True)
class Door:
    """One contract: where it is, who else speaks it, and five lines that use it.

    In `example`, HOST and KEY stand for this installation and one of its keys.
    """

    name: str
    title: str
    base: str
    clients: tuple[str, ...]
    example: str

    @property
    def urls(self) -> str:
        """The dotted name of its URL map."""
        return f"project.contracts.{self.name}.urls"

    @property
    def introduction(self) -> str:
        """What its package says of itself."""
        return cleandoc(import_module(f"project.contracts.{self.name}").__doc__ or "")


DOORS = (
    Door(
        name="kustomer",
        title="Kustomer drafts",
        base="/v1/customers, /v1/drafts, /v1/messages, /v1/attachments",
        clients=("npm @kustomer/apps-server-sdk 0.0.55",),
        example="""\
api() { curl -sS -H "Authorization: Bearer KEY" -H "Content-Type: application/json" "$@"; }
api HOST/v1/customers -d '{"name": "Jane", "emails": [{"email": "jane@example.com"}]}'
api HOST/v1/customers/CUSTOMER/drafts -d '{"channel": "email", "subject": "Hi", "body": "See it."}'
api HOST/v1/drafts/DRAFT/attachments \\
  -d '{"name": "a.txt", "contentType": "text/plain", "contentLength": 6}'
api -X PUT HOST/v1/drafts/DRAFT -d '{"sendAt": "2026-05-01T15:00:00.000Z"}'
""",
    ),
    Door(
        name="emailapi",
        title="Email API",
        base="/api/email",
        clients=(),
        example="""\
curl -sS HOST/api/email/attachments -H "Authorization: Bearer KEY" \\
  -F "file=@document.pdf" -F "filename=invoice-jan-2024.pdf"
curl -sS HOST/api/email/send -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \\
  -d '{"from": "hello@acme.test", "to": "ann@example.com", "subject": "Hi", "text": "See it.",
       "attachments": [{"id": "ATTACHMENT"}]}'
""",
    ),
    Door(
        name="agentsend",
        title="AgentSend",
        base="/attachments, /inboxes, /messages, /threads, /webhooks",
        clients=(),
        example="""\
curl -sS HOST/attachments -H "x-api-key: KEY" -F "file=@report.pdf"
curl -sS HOST/inboxes -H "x-api-key: KEY" -H "Content-Type: application/json" -d '{}'
curl -sS HOST/inboxes/INBOX/messages -H "x-api-key: KEY" -H "Content-Type: application/json" \\
  -d '{"to": ["ann@example.com"], "subject": "Hi", "bodyText": "See it.",
       "attachmentIds": ["ATTACHMENT"]}'
""",
    ),
    Door(
        name="nylas",
        title="Nylas v3",
        base="/v3/grants, /v3/webhooks",
        clients=("PyPI nylas 6.18.0", "npm nylas 8.4.0"),
        example="""\
from nylas import Client

client = Client("KEY", "HOST")
file = {"filename": "a.txt", "content_type": "text/plain", "content": "aGVsbG8K"}
letter = {"to": [{"email": "ann@example.com"}], "subject": "Hi", "attachments": [file]}
client.messages.send("hello@acme.test", letter)
""",
    ),
    Door(
        name="bird",
        title="Bird email",
        base="/v1/email, /v1/webhooks",
        clients=("PyPI messagebird-sdk 0.106.0", "npm @messagebird/sdk 0.63.0"),
        example="""\
curl -sS HOST/v1/email/messages \\
  -H "Authorization: Bearer KEY" -H "Content-Type: application/json" \\
  -d '{"from": "hello@acme.test", "to": ["delivered@messagebird.dev"], "subject": "Hi",
       "html": "<p>See it.</p>", "attachments": [{"filename": "a.txt", "content": "aGVsbG8K"}]}'
curl -sS HOST/v1/email/messages/MESSAGE -H "Authorization: Bearer KEY"
curl -sS HOST/v1/email/messages/MESSAGE/attachments/ATTACHMENT -H "Authorization: Bearer KEY"
""",
    ),
)
