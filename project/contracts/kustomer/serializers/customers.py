"""Customers as the vendor spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from messaging.contacts import Contact
from messaging.models import Customer, CustomerAddress
from messaging.serializers.letters import MAX_TAG_LENGTH, MAX_TAGS, MetadataField
from project.api.fields import ChoiceField, LineField
from project.api.times import spell_time
from project.ids import spell_hex

DOOR = "kustomer"  # the name of what this door keeps
MAX_TEXT = 255
KEPT = ("company", "username", "tags", "locale", "timeZone")
HOME = "home"  # the type of an address that has none


def spell_customer(customer: Customer) -> dict[str, Any]:
    """A customer; one query, and none if it is in full."""
    id = spell_hex(customer.pk)
    here = f"/v1/customers/{id}"
    kept: Mapping[str, Any] = {"tags": [], **customer.annotations.get(DOOR, {})}
    return {
        "type": "customer",
        "id": id,
        "attributes": {
            "name": customer.name or None,
            "externalId": customer.external_id or None,
            **{name: kept.get(name) for name in KEPT},
            "emails": [_spell_contact("email", one) for one in customer.emails],
            "phones": [_spell_contact("phone", one) for one in customer.phones],
            "custom": customer.metadata,
            "createdAt": spell_time(customer.created_at),
            "updatedAt": spell_time(customer.updated_at),
        },
        "relationships": {
            "messages": {"links": {"self": f"{here}/messages"}},
            "drafts": {"links": {"self": f"{here}/drafts"}},
        },
        "links": {"self": here},
    }


def _spell_contact(kind: str, one: CustomerAddress) -> dict[str, Any]:
    return {kind: one.value, "type": one.label or HOME, "verified": one.verified}


class EmailFields(serializers.Serializer[Any]):
    """A mail address of a customer."""

    email = LineField(allow_blank=False)
    type = ChoiceField(["home", "work", "other"], required=False, allow_null=True)
    verified = serializers.BooleanField(required=False)


class PhoneFields(serializers.Serializer[Any]):
    """A telephone number of a customer."""

    phone = LineField(allow_blank=False, max_length=64)
    type = ChoiceField(["home", "mobile", "work", "fax", "other"], required=False, allow_null=True)
    verified = serializers.BooleanField(required=False)


class CustomerFields(serializers.Serializer[Any]):
    """What may be said of a customer; all of it may be left out."""

    name = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    externalId = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    company = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    username = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    locale = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    timeZone = LineField(required=False, allow_null=True, max_length=MAX_TEXT)
    emails = serializers.ListField(child=EmailFields(), required=False, allow_null=True)
    phones = serializers.ListField(child=PhoneFields(), required=False, allow_null=True)
    tags = serializers.ListField(
        child=LineField(max_length=MAX_TAG_LENGTH, allow_blank=False),
        required=False,
        allow_null=True,
        max_length=MAX_TAGS,
    )
    custom = MetadataField(required=False, allow_null=True)


def customer_values(fields: Mapping[str, Any], customer: Customer | None = None) -> dict[str, Any]:
    """What the core is told of a customer, new or not; only what was sent."""
    values: dict[str, Any] = {}
    for name, column in (("name", "name"), ("externalId", "external_id")):
        if name in fields:
            values[column] = fields[name] or ""
    for name, key in (("emails", "email"), ("phones", "phone")):
        if name in fields:
            values[name] = [
                Contact(one[key], one.get("type") or "", one.get("verified", False))
                for one in fields[name] or ()
            ]
    if "custom" in fields:
        values["metadata"] = fields["custom"] or {}
    kept = {name: fields[name] for name in KEPT if name in fields}
    if kept:
        values["annotations"] = noted(customer.annotations if customer else {}, kept)
    return values


def noted(annotations: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
    """Annotations with what this door keeps changed, and nothing of other doors; null is gone."""
    mine = {**annotations.get(DOOR, {}), **kept}
    return {**annotations, DOOR: {name: one for name, one in mine.items() if one is not None}}
