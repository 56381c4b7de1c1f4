"""What is written, in the native spelling: for drafts and messages alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rest_framework import serializers

from messaging.addresses import Address, read_address, read_addresses
from messaging.letter import Letter, check_headers
from project.api.bodies import Content
from project.api.fields import AddressField, IdField, LineField, TextField
from project.api.serializers import StrictSerializer

MAX_ADDRESSES = 1000  # of one list
MAX_TAGS = 50
MAX_TAG_LENGTH = 100  # characters
MAX_METADATA_CHARACTERS = 16_384  # of keys and texts

ADDRESS_LISTS = ("to", "cc", "bcc", "reply_to")


class MetadataField(serializers.DictField):
    """A JSON object of the caller's own, kept and given back."""

    default_error_messages = {
        "characters": "This may not contain NUL.",
        "max_length": "Keys and texts have {actual} characters; at most {limit} are kept.",
        "file": "A text of it is a whole file; at most {limit} characters are kept.",
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        read = super().to_internal_value(data)
        if _has_file(read):
            self.fail("file", limit=MAX_METADATA_CHARACTERS)
        texts = list(_texts(read))
        if any("\0" in text for text in texts):
            self.fail("characters")
        actual = sum(map(len, texts))
        if actual > MAX_METADATA_CHARACTERS:
            self.fail("max_length", actual=actual, limit=MAX_METADATA_CHARACTERS)
        return dict(read)


def _has_file(value: Any) -> bool:
    """Whether a text in it was so long that the parser took it for a file (see `bodies`)."""
    inside = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list):
        return any(_has_file(part) for part in inside)
    return isinstance(value, Content)


def _texts(value: Any) -> Sequence[str]:
    if isinstance(value, Mapping):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []


class LetterFields(StrictSerializer):
    """Recipients, subject and bodies; all may be left out."""

    to = serializers.ListField(
        child=AddressField(),
        required=False,
        max_length=MAX_ADDRESSES,
        help_text="To whom; in every shape of an address.",
    )
    cc = serializers.ListField(
        child=AddressField(),
        required=False,
        max_length=MAX_ADDRESSES,
        help_text="Who gets a copy, for all to see.",
    )
    bcc = serializers.ListField(
        child=AddressField(),
        required=False,
        max_length=MAX_ADDRESSES,
        help_text="Never part of the mail itself.",
    )
    reply_to = serializers.ListField(
        child=AddressField(),
        required=False,
        max_length=MAX_ADDRESSES,
        help_text="Where answers go, if not to `from`.",
    )
    subject = LineField(required=False, help_text="One line.")
    text = TextField(required=False, allow_null=True, help_text="The plain body.")
    html = TextField(
        required=False,
        allow_null=True,
        help_text="The HTML body; `cid:…` shows an inline file by its `content_id`.",
    )
    headers = serializers.DictField(
        child=TextField(),
        required=False,
        help_text="Further headers, such as `X-Order`. Those that we write are refused.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        sender = AddressField(
            required=False,
            allow_null=True,
            help_text="The inbox's address, or a sub-address of it. Left out: the inbox's own.",
        )
        return {"from": sender, **super().get_fields()}


class FilingFields(StrictSerializer):
    """Where it belongs, and what the caller keeps beside it; all may be left out."""

    inbox_id = IdField("inb", required=False, allow_null=True, help_text="Who sends it.")
    customer_id = IdField(
        "cus", required=False, allow_null=True, help_text="The contact that it is about: `cus_…`"
    )
    thread_id = IdField(
        "thr",
        required=False,
        allow_null=True,
        help_text="The conversation that it continues: `thr_…`",
    )
    tags = serializers.ListField(
        child=LineField(max_length=MAX_TAG_LENGTH, allow_blank=False),
        required=False,
        max_length=MAX_TAGS,
        help_text="Words of your own.",
    )
    metadata = MetadataField(required=False, help_text="A JSON object of your own.")


def letter_of(fields: Mapping[str, Any], *, base: Letter | None = None) -> Letter:
    """The letter that `LetterFields` describe: `base`, with what was given changed.

    Raises InvalidAddress, InvalidHeader and UnwritableText.
    """
    changes: dict[str, Any] = {
        name: fields[name] for name in ("subject", "text", "html", "headers") if name in fields
    }
    for name in ADDRESS_LISTS:
        if name in fields:
            changes[name] = read_addresses(fields[name], field=name)
    if "from" in fields:
        given = fields["from"]
        changes["sender"] = None if given is None else read_address(given, field="from")
    if "headers" in fields:
        check_headers(fields["headers"])
    return replace(base or Letter(), **changes)


def spell_address(email: str, name: str | None = None) -> dict[str, str | None]:
    """An address as every native answer shows it."""
    return {"email": email, "name": name or None}


def spell_addresses(addresses: Sequence[Address]) -> list[dict[str, str | None]]:
    """Addresses as every native answer shows them, and as rows keep them."""
    return [spell_address(one.email, one.name) for one in addresses]


class AddressOut(serializers.Serializer[Any]):
    """A mail address."""

    email = serializers.CharField(help_text="The bare address.")
    name = serializers.CharField(allow_null=True, help_text="The name beside it.")
