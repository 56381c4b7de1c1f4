"""Sending a message, now or later: as JSON, as a form, or as MIME source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.errors import TotalTooLarge
from attachments.incoming import Incoming
from attachments.multipart import FormFile
from attachments.offers import Offer
from messaging.acceptance import Filing
from messaging.entries import Entry
from messaging.errors import NoRecipients
from messaging.letter import Letter
from messaging.mime.reader import Mail
from messaging.models import Message
from messaging.services import send_message
from messaging.sorting import sort_message
from project.api.idempotency import fingerprint_of
from project.contracts.nylas import docs
from project.contracts.nylas.fields import RAW, read_fields, spell_with_fields
from project.contracts.nylas.letters import SendFields, answered_by, letter_values, notes_of
from project.contracts.nylas.limits import LATEST, MAX_FORM_BYTES, SOONEST
from project.contracts.nylas.mime import FIELD, answered_in, letter_in, opened, type_of
from project.contracts.nylas.once import answer_once
from project.contracts.nylas.serializers import DOOR, spell_grant_id, spell_schedule
from project.contracts.nylas.throttles import FormSends, JsonSends
from project.contracts.nylas.writing import Given, WritingView, distinct
from project.contracts.schema import described
from project.errors import Invalid
from project.ids import spell_hex
from project.tenancy.models import Scope

LAST_SECOND = 4_102_444_800  # the year 2100


@dataclass(frozen=True, kw_only=True)
class Order:
    """A message to be sent."""

    letter: Letter
    files: Sequence[Given]
    answered: Message | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    send_at: int | None = None  # Unix seconds

    @property
    def facts(self) -> list[Any]:
        """What tells it from another one, fit for JSON."""
        letter = self.letter
        people = (letter.to, letter.cc, letter.bcc, letter.reply_to)
        return [
            letter.sender and [letter.sender.email, letter.sender.name],
            [[[one.email, one.name] for one in several] for several in people],
            [letter.subject, letter.text, letter.html, dict(letter.headers)],
            [self.metadata, self.notes, self.send_at],
            self.answered and self.answered.pk.hex,
            [one.facts for one in self.files],
        ]

    @property
    def due_at(self) -> datetime | None:
        """When it is to leave; None for now."""
        return None if self.send_at is None else datetime.fromtimestamp(self.send_at, UTC)

    def check_time(self, *, at: datetime) -> None:
        """Raises Invalid for a time to send at that is too soon, or too far ahead."""
        keeps_draft = self.notes.get("use_draft", False)
        if self.send_at is None:
            if keeps_draft:
                raise Invalid("This goes with send_at only.", field="use_draft")
            return
        now = at.timestamp()
        soonest = int(now + SOONEST.total_seconds())
        latest = LAST_SECOND if keeps_draft else int(now + LATEST.total_seconds())
        if not soonest <= self.send_at <= latest:
            raise Invalid(
                f"This is a time from {soonest} to {latest}, in Unix seconds, not {self.send_at}.",
                field="send_at",
                actual=self.send_at,
            )


class Send(WritingView):
    """Sending, without a draft."""

    scopes = {"POST": Scope.SEND}
    throttle_classes = [*WritingView.throttle_classes, JsonSends, FormSends]

    @described(**docs.SEND_MESSAGE)
    def post(self, request: Request, grant: str) -> Response:
        """Send a message with its files. With `send_at` it is a schedule until then (202)."""
        fields = read_fields(request)
        if fields == RAW:
            raise Invalid("Read the message for its raw_mime.", field="fields")
        is_source = request.query_params.get("type") == FIELD
        order = self._read_source() if is_source else self._read_order()
        put: list[Given] = []

        def prepare() -> None:
            order.check_time(at=timezone.now())
            put.extend(self.put_files(order.files))

        def effect() -> Response:
            return self._answer(self._send(order, put), fields)

        fingerprint = fingerprint_of(request, fields=order.facts)
        return answer_once(self, fingerprint=fingerprint, prepare=prepare, effect=effect)

    def _read_order(self) -> Order:
        given, files = self.read()
        fields = self.parse(SendFields, data=given)
        if not fields.get("to"):
            raise NoRecipients("The to parameter is required.")
        answered = answered_by(self, fields)
        notes = notes_of(fields)
        if answered:
            notes["reply_to_message_id"] = spell_hex(answered.pk)
        return Order(
            letter=Letter(**letter_values(fields)),
            files=files or (),
            answered=answered,
            metadata=fields.get("metadata") or {},
            notes=notes,
            send_at=fields.get("send_at"),
        )

    def _read_source(self) -> Order:
        with opened(self._source()) as mail:
            self.limits.check_count(len(mail.files), field=f"{FIELD}.files")
            files = [self._given(mail, place) for place in range(len(mail.files))]
            letter, replied = letter_in(mail), answered_in(mail)
        answered = None
        if replied:
            known = self.messages.filter(rfc_message_id=replied)
            answered = known.order_by("-id").first()
        return Order(
            letter=letter,
            files=distinct(files),
            answered=answered,
            notes={"reply_to_message_id": spell_hex(answered.pk)} if answered else {},
        )

    def _source(self) -> Incoming | bytes:
        """The one part of the form, be it a file or a field. Raises Invalid, TotalTooLarge."""
        if not self.is_form():
            raise Invalid("A mail as MIME comes in a form.", field=FIELD)
        fields = self.form_fields()
        if FIELD in fields:
            source = str(fields[FIELD]).encode(errors="surrogateescape")
            if len(source) > MAX_FORM_BYTES:
                raise TotalTooLarge(size=len(source), limit=MAX_FORM_BYTES)
            return source
        file = cast("FormFile | None", self.request.FILES.get(FIELD))
        if file is None:
            raise Invalid("The mime parameter is required.")
        self.limits.check_size(file.incoming.size, field=FIELD)
        return file.incoming

    def _given(self, mail: Mail, place: int) -> Given:
        part, incoming = mail.files[place], cast("Incoming", self.open_sink())
        for block in part.blocks():
            incoming.write(block)
        offer = Offer(
            filename=mail.filename_of(part),
            content_type=type_of(part),
            incoming=incoming,
        )
        return Given(
            entry=Entry(field=f"{FIELD}.files[{place}]", offer=offer),
            content_id=part.content_id,
            is_inline=part.disposition == "inline" or None,
        )

    def _send(self, order: Order, files: Sequence[Given]) -> Message:
        enclosures, noted = self.keep(files, html=order.letter.html)
        notes = {**order.notes, **({"files": noted} if noted else {})}
        message = send_message(
            inbox=self.grant,
            letter=order.letter,
            enclosures=enclosures,
            limits=self.limits,
            filing=Filing(
                in_reply_to=order.answered,
                metadata=order.metadata,
                annotations={DOOR: notes} if notes else {},
            ),
            due_at=order.due_at,
        )
        if order.notes.get("starred"):
            sort_message(message=message, starred=True)
        return message

    def _answer(self, message: Message, fields: str) -> Response:
        spelt = spell_with_fields(message, fields, grant=self.grant)
        beside = spell_schedule(message)
        status = 202 if beside else 200
        grant_id = spell_grant_id(self.grant)
        return self.answer(spelt, status=status, grant_id=grant_id, **beside)
