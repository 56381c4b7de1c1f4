"""What a request to send says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from messaging.addresses import Address, read_address
from messaging.errors import InvalidAddress
from messaging.letter import check_headers
from messaging.models.message import Category
from project.api.bodies import Content
from project.api.fields import ChoiceField, LineField, TextField, TimeField
from project.api.renderers import encode_json
from project.contracts.bird import limits
from project.contracts.bird.replies import is_replying, read_replying
from project.contracts.bird.sandbox import is_reserved
from project.errors import Invalid

Field = serializers.Field[Any, Any, Any, Any]

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
CONTENT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
IP_POOL = re.compile(r"ipp_([0-9a-hjkmnp-tv-z]{26}|shared)")
TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
TAG_VALUE = re.compile(r"[A-Za-z0-9_-]{1,64}")
TAG = re.compile(rf"({TAG_NAME.pattern}):({TAG_VALUE.pattern})")  # as the core keeps one

UNSUBSCRIBING = ("list-unsubscribe", "list-unsubscribe-post")


class SenderField(Field):
    """One address, in each of its three shapes."""

    def to_internal_value(self, data: Any) -> Address:
        try:
            return read_any_address(data)
        except InvalidAddress as error:
            raise ValidationError(_placed(error)) from None


class AddressesField(Field):
    """Some addresses; `least` and `most` say how many."""

    def __init__(self, *, least: int, most: int, receive: bool = True, **options: Any) -> None:
        self.least, self.most, self.receive = least, most, receive
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> tuple[Address, ...]:
        if not isinstance(data, list):
            raise ValidationError("must be a list of addresses")
        if not self.least <= len(data) <= self.most:
            raise ValidationError(
                f"must have {self.least} to {self.most} addresses; there are {len(data)}"
            )
        read: list[Address] = []
        problems: list[Any] = []
        for value in data:
            try:
                read.append(self._read(value))
                problems.append({})
            except InvalidAddress as error:
                problems.append(_placed(error))
        if any(problems):
            raise ValidationError(problems)
        return tuple(read)

    def _read(self, value: Any) -> Address:
        address = read_any_address(value)
        if self.receive and settings.BIRD_REFUSES_RESERVED_DOMAINS and is_reserved(address):
            raise InvalidAddress(f"nobody can get mail at the reserved domain {address.domain}")
        return address


def read_any_address(value: Any) -> Address:
    """An address as a text or an object. Raises InvalidAddress, with the field inside an object."""
    if isinstance(value, str) and len(value) > limits.MAX_ADDRESS:
        actual = len(value)
        raise InvalidAddress(f"has {actual} characters; at most {limits.MAX_ADDRESS} are taken")
    if isinstance(value, Mapping):
        value = {name: value[name] for name in ("email", "name") if value.get(name) is not None}
        if value.get("name") == "":
            message = f"must have 1 to {limits.MAX_NAME} characters"
            raise InvalidAddress(message, field=".name")
    return read_address(value, field="", max_name=limits.MAX_NAME)


def _placed(error: InvalidAddress) -> Any:
    inner = (error.field or "").lstrip(".")
    return {inner or "non_field_errors": [error.message]}


class FilesField(Field):
    """The files of a send; their base64 is not looked at here."""

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list):
            raise ValidationError("must be a list of files")
        if len(data) > limits.MAX_FILES:
            raise ValidationError(
                f"must have at most {limits.MAX_FILES} files; there are {len(data)}"
            )
        problems = [_problems_of_file(value) for value in data]
        if any(problems):
            raise ValidationError(problems)
        return data


def _problems_of_file(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, Mapping):
        return {"non_field_errors": ["must be an object with filename and content"]}
    found = {
        "filename": _problem_of_filename(value.get("filename")),
        "content": _problem_of_content(value.get("content")),
        "content_type": _problem_of_text(value.get("content_type")),
        "content_id": _problem_of_content_id(value.get("content_id")),
        "path": "is a preview feature and not available: give content instead"
        if value.get("path") is not None
        else "",
    }
    return {name: [problem] for name, problem in found.items() if problem}


def _problem_of_filename(name: Any) -> str:
    if not isinstance(name, str):
        return "is required" if name is None else "must be a string"
    if not 1 <= len(name) <= 255:
        return f"must have 1 to 255 characters; there are {len(name)}"
    return "must not have line breaks or control characters" if CONTROL.search(name) else ""


def _problem_of_content(content: Any) -> str:
    if isinstance(content, Content):
        return ""
    if not isinstance(content, str):
        return "is required" if content is None else "must be a string of base64"
    return "" if content.strip(" \t\r\n") else "must not be empty"


def _problem_of_text(text: Any) -> str:
    return "" if text is None or (isinstance(text, str) and text) else "must be a string"


def _problem_of_content_id(content_id: Any) -> str:
    if content_id is None or (isinstance(content_id, str) and CONTENT_ID.fullmatch(content_id)):
        return ""
    return "must have 1 to 128 letters, digits, dots, underscores or hyphens"


class HeadersField(Field):
    """Headers of the sender's own."""

    def to_internal_value(self, data: Any) -> dict[str, str]:
        if not isinstance(data, Mapping) or not all(isinstance(one, str) for one in data.values()):
            raise ValidationError("must be an object of names and strings")
        if len(data) > limits.MAX_HEADERS:
            raise ValidationError(
                f"must have at most {limits.MAX_HEADERS} headers; there are {len(data)}"
            )
        problems = {}
        for name, value in data.items():
            try:
                if is_replying(name):
                    read_replying({name: value})
                else:
                    check_headers({name: value})
            except Invalid as error:
                problems[name[:80] or "headers"] = [error.message]
        if problems:
            raise ValidationError(problems)
        return dict(data)


class TagsField(Field):
    """Labels of a name and a value, kept as `name:value`."""

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            raise ValidationError("must be a list of tags")
        if len(data) > limits.MAX_TAGS:
            raise ValidationError(
                f"must have at most {limits.MAX_TAGS} tags; there are {len(data)}"
            )
        problems = [_problems_of_tag(value) for value in data]
        if any(problems):
            raise ValidationError(problems)
        names = [value["name"] for value in data]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValidationError(f"must have unique names; {twice[0]!r} comes twice")
        return [f"{value['name']}:{value['value']}" for value in data]


def _problems_of_tag(value: Any) -> dict[str, list[str]]:
    if not isinstance(value, Mapping):
        return {"non_field_errors": ["must be an object with name and value"]}
    found = {}
    for key, pattern, most in (("name", TAG_NAME, 32), ("value", TAG_VALUE, 64)):
        text = value.get(key)
        if not isinstance(text, str) or not pattern.fullmatch(text):
            found[key] = [f"must have 1 to {most} letters, digits, underscores or hyphens"]
    return found


class ObjectField(Field):
    """A JSON object of the sender's own, of so many bytes; some keys are `reserved`."""

    def __init__(self, *, most: int, reserved: str = "", **options: Any) -> None:
        self.most, self.reserved = most, reserved
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise ValidationError("must be an object")
        if self.reserved in data:
            raise ValidationError(f"must not have the reserved key {self.reserved!r}")
        try:
            text = encode_json(data)
        except TypeError:  # base64 of a file, or something as long
            raise ValidationError(f"must have at most {self.most} bytes as JSON") from None
        if len(text) > self.most:
            raise ValidationError(
                f"must have at most {self.most} bytes as JSON; there are {len(text)}"
            )
        if rb"\u0000" in text:
            raise ValidationError("must not have NUL in it")
        return dict(data)


class SendFields(serializers.Serializer[Any]):
    """One message to be sent."""

    to = AddressesField(least=1, most=limits.MAX_TO)
    cc = AddressesField(least=0, most=limits.MAX_COPIES, required=False)
    bcc = AddressesField(least=0, most=limits.MAX_COPIES, required=False)
    reply_to = AddressesField(least=1, most=limits.MAX_REPLY_TO, receive=False, required=False)
    subject = LineField(max_length=limits.MAX_SUBJECT, allow_blank=False)
    html = TextField(max_length=limits.MAX_BODY, required=False)
    text = TextField(max_length=limits.MAX_BODY, required=False)
    headers = HeadersField(required=False)
    tags = TagsField(required=False)
    metadata = ObjectField(most=limits.MAX_METADATA_BYTES, required=False)
    parameters = ObjectField(most=limits.MAX_PARAMETERS_BYTES, reserved="bird", required=False)
    track_opens = serializers.BooleanField(required=False)
    track_clicks = serializers.BooleanField(required=False)
    category = ChoiceField(Category.choices, default=Category.MARKETING)
    ip_pool_id = serializers.RegexField(rf"\A{IP_POOL.pattern}\Z", required=False)
    attachments = FilesField(required=False)
    scheduled_at = TimeField(required=False)

    def get_fields(self) -> dict[str, Field]:
        return {"from": SenderField(), **super().get_fields()}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The fields; one that is null is one that is left out."""
        if not isinstance(data, Mapping):
            raise ValidationError({"non_field_errors": ["must be an object"]})
        given = {name: value for name, value in data.items() if value is not None}
        if "template" in given:
            raise ValidationError({"template": "stored templates are not available here"})
        return dict(super().to_internal_value(given))

    def validate_scheduled_at(self, value: datetime) -> datetime:
        ahead = value - timezone.now()
        if not limits.SOONEST <= ahead <= limits.LATEST:
            raise ValidationError("must be 30 seconds to 30 days ahead")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("html") and not attrs.get("text"):
            raise ValidationError({"html": "html or text is required"})
        for name in attrs.get("headers", ()):
            marketing = attrs["category"] == Category.MARKETING
            if marketing and name.lower() in UNSUBSCRIBING:
                raise ValidationError({"headers": {name: "is for transactional mail only"}})
        return attrs


class SuppressionFields(serializers.Serializer[Any]):
    """An address to which no more mail is to go."""

    email = LineField(max_length=limits.MAX_ADDRESS)

    def validate_email(self, value: str) -> str:
        try:
            return read_address(value, field="email").email
        except InvalidAddress as error:
            raise ValidationError(error.message) from None
