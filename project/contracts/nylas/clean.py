"""Messages as what was said in them."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import Message
from messaging.plain import Manner, read_html
from messaging.reading import with_files
from project.api.fields import TextField
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.fields import select
from project.contracts.nylas.messages import MailView
from project.contracts.nylas.serializers import spell_message
from project.contracts.schema import described
from project.errors import Invalid, NotFound
from project.ids import read_hex
from project.tenancy.models import Scope

MAX_MESSAGES = 20
CONCLUSION = re.compile(
    r"(all the best|best|(best|kind|kindest|warm|warmest|with kind) (regards|wishes)|regards|"
    r"cheers|sincerely|(yours|very) (sincerely|truly|faithfully)|sincerely yours|respectfully|"
    r"thank you|thanks|many thanks|thanks again|thanks in advance|take care|cordially)[,.!]*",
    re.IGNORECASE,
)
LAST_LINES = 6  # a conclusion stands among these, above the name and what belongs to it


class CleanFields(serializers.Serializer[Any]):
    """Which messages, and what of them is left out."""

    message_id = serializers.ListField(child=TextField(), allow_empty=False)
    ignore_links = serializers.BooleanField(default=True)
    ignore_images = serializers.BooleanField(default=True)
    images_as_markdown = serializers.BooleanField(default=True)
    ignore_tables = serializers.BooleanField(default=True)
    remove_conclusion_phrases = serializers.BooleanField(default=True)
    html_as_markdown = serializers.BooleanField(default=False)


class Clean(MailView):
    """The messages of a grant, cleaned."""

    scopes = {"PUT": Scope.READ}

    @described(**docs.CLEAN)
    def put(self, request: Request, grant: str) -> Response:
        """The messages, each with its text alone in `conversation`."""
        fields = self.parse(CleanFields)
        ids = fields["message_id"]
        if len(ids) > MAX_MESSAGES:
            message = f"These are {len(ids)} messages; at most {MAX_MESSAGES} are taken."
            raise Invalid(message, field="message_id", limit=MAX_MESSAGES, actual=len(ids))
        if fields["html_as_markdown"] and not fields["images_as_markdown"]:
            message = "html_as_markdown does not go with images_as_markdown false."
            raise Invalid(message, field="html_as_markdown")
        return self.answer_list(
            [
                select(
                    request,
                    spell_message(message, grant=self.grant)
                    | {"conversation": conversation_of(message, fields)},
                )
                for message in self._messages(ids)
            ]
        )

    def _messages(self, ids: list[str]) -> list[Message]:
        """The messages of these ids, in their order. Raises NotFound."""
        wanted = [read_hex(id) for id in ids]
        found = {one.pk: one for one in with_files(list(self.mail.filter(pk__in=wanted)))}
        for id, text in zip(wanted, ids, strict=True):
            if id not in found:
                raise NotFound(f"There is no message {text} in this grant.")
        return [found[id] for id in wanted]


def conversation_of(message: Message, fields: dict[str, Any]) -> str:
    """What a message says, as the fields want it."""
    images = "markdown" if fields["images_as_markdown"] else "html"
    manner = Manner(
        links=not fields["ignore_links"],
        images="" if fields["ignore_images"] else images,
        tables=not fields["ignore_tables"],
        marks=fields["html_as_markdown"],
    )
    text = (message.text or "").strip() if message.html is None else read_html(message.html, manner)
    return without_conclusion(text) if fields["remove_conclusion_phrases"] else text


def without_conclusion(text: str) -> str:
    """The text without a line such as `Best regards,` near its end."""
    lines = text.split("\n")
    start = max(len(lines) - LAST_LINES, 0)
    kept = [line for line in lines[start:] if not CONCLUSION.fullmatch(line.strip())]
    return "\n".join([*lines[:start], *kept]).strip()
