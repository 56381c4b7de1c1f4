"""Messages: list, find, keep in order, delete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import Message
from messaging.models.message import MessageQuerySet
from messaging.search import not_ahead, with_mail
from messaging.sorting import sort_message
from messaging.source import source_of, with_first_sent
from messaging.trash import delete_message, trash_message
from project.api.fields import TextField
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.fields import (
    RAW,
    STANDARD,
    read_fields,
    select,
    spell_bare,
    spell_with_fields,
    with_needed,
)
from project.contracts.nylas.filters import Asked, narrow_messages
from project.contracts.nylas.folders import folder_to_move_to
from project.contracts.nylas.letters import MetadataField
from project.contracts.nylas.paging import read_page
from project.contracts.nylas.source import answer_with_sources, new_mark, source_or_none
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read_hex
from project.tenancy.models import Scope


class MailView(GrantView):
    """One address below a grant that is about its mail."""

    @property
    def mail(self) -> MessageQuerySet:
        """The messages of the grant, what is scheduled among them; no notes."""
        return with_mail(self.messages)

    def mail_for(self, fields: str) -> MessageQuerySet:
        """The same, with what `source_of` reads where `fields` wants it."""
        return with_first_sent(self.mail) if fields == RAW else self.mail

    def mail_with(self, id: str, *, fields: str) -> Message:
        """A message with what `fields` needs. Raises NotFound."""
        found = self.mail_for(fields).filter(pk=read_hex(id)).first()
        if found is None:
            raise NotFound(f"There is no message {id} in this grant.")
        with_needed([found], fields)
        return found

    def answer_message(self, message: Message, *, fields: str) -> HttpResponseBase:
        """One message, as `fields` and `select` want it."""
        if fields != RAW:
            spelt = spell_with_fields(message, fields, grant=self.grant)
            return self.answer(select(self.request, spelt))
        mark = new_mark()
        spelt = spell_bare(message, grant=self.grant) | {RAW: mark}
        body = {"request_id": self.request_id, "data": select(self.request, spelt)}
        return answer_with_sources(body, {mark: source_of(message, at=timezone.now())})

    def answer_messages(
        self, messages: Sequence[Message], next: str | None, *, fields: str
    ) -> HttpResponseBase:
        """A page of messages, as `fields` and `select` want them."""
        if fields != RAW:
            spelt = [spell_with_fields(one, fields, grant=self.grant) for one in messages]
            data = [select(self.request, one) for one in spelt]
            return self.answer_list(data, next_cursor=next)
        now = timezone.now()
        mails = {new_mark(): source_or_none(one, at=now) for one in messages}
        spelt = [
            spell_bare(one, grant=self.grant) | {RAW: mark}
            for one, mark in zip(messages, mails, strict=True)
        ]
        data = [select(self.request, one) for one in spelt]
        body = self.answer_list(data, next_cursor=next).data
        return answer_with_sources(body, mails)


class MessageChanges(serializers.Serializer[Any]):
    """What may change of a message; only what is sent does."""

    unread = serializers.BooleanField(required=False)
    starred = serializers.BooleanField(required=False)
    folders = serializers.ListField(child=TextField(), required=False)
    metadata = MetadataField(required=False)


class Messages(MailView):
    """The messages of a grant."""

    @described(**docs.LIST_MESSAGES)
    def get(self, request: Request, grant: str) -> HttpResponseBase:
        """Messages, newest first; those of the trash only with `in`."""
        fields, asked = read_fields(request), Asked(request.query_params)
        mail = not_ahead(self.mail_for(fields))
        page = read_page(request, narrow_messages(mail, asked, grant=self.grant))
        return self.answer_messages(with_needed(page.rows, fields), page.next, fields=fields)


class OneMessage(MailView):
    """A message of a grant."""

    scopes = {"PUT": Scope.SEND, "DELETE": Scope.SEND}

    @described(**docs.FIND_MESSAGE)
    def get(self, request: Request, grant: str, id: str) -> HttpResponseBase:
        """One message, whole."""
        fields = read_fields(request)
        return self.answer_message(self.mail_with(id, fields=fields), fields=fields)

    @described(**docs.UPDATE_MESSAGE)
    def put(self, request: Request, grant: str, id: str) -> HttpResponseBase:
        """Keep a message in order: read or not, starred, folder, metadata."""
        fields = read_fields(request)
        message = self.mail_with(id, fields=fields)
        changes = self.parse(MessageChanges)
        folder = folder_to_move_to(self.grant, changes.pop("folders", None))
        sort_message(message=message, folder=folder, **changes)
        return self.answer_message(message, fields=fields)

    @described(**docs.DELETE_MESSAGE)
    def delete(self, request: Request, grant: str, id: str) -> Response:
        """Move a message to the trash; with `hard_delete=true` it is gone at once."""
        message = self.mail_with(id, fields=STANDARD)
        if Asked(request.query_params).flag("hard_delete"):
            delete_message(message=message)
        else:
            trash_message(message=message)
        return self.answer_done()
