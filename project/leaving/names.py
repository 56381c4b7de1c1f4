"""A mail address, told from others, and taken out of the log."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from messaging.addresses import Address, read_address
from messaging.errors import InvalidAddress
from messaging.suppressions import spelling_of
from project.events.models import Event, WebhookDelivery
from project.leaving.steps import batches, step

DELETED = "deleted"


class Person:
    """Whoever reads at a mail address."""

    def __init__(self, email: str) -> None:
        """Raises InvalidAddress."""
        address = read_address(email, field="address")
        self.key = spelling_of(address)
        self.spellings = sorted({address.email.lower(), self.key})
        words = "|".join(re.escape(one) for one in self.spellings)
        self._pattern = re.compile(rf"(?<![\w.+-])(?:{words})(?![\w-])", re.IGNORECASE)

    def is_at(self, email: str) -> bool:
        """Whether an address is theirs."""
        return key_of(email) == self.key

    def named_in(self, column: str) -> Q:
        """Where a column of text or JSON has their address in it, or a longer one."""
        escaped = {json.dumps(one)[1:-1] for one in self.spellings}
        condition = Q()
        for one in escaped.union(self.spellings):
            condition |= Q(**{f"{column}__icontains": one})
        return condition

    def without(self, value: Any) -> Any:
        """A value of JSON without their address."""
        if isinstance(value, str):
            return self._pattern.sub(DELETED, value)
        if isinstance(value, list):
            return [self.without(one) for one in value]
        if isinstance(value, dict):
            return {key: self.without(one) for key, one in value.items()}
        return value


def key_of(email: str) -> str:
    """What all spellings of an address have in common, for telling people apart."""
    try:
        return spelling_of(Address(email.strip()))
    except InvalidAddress:
        return email.strip().lower()


def forget_in_log(events: QuerySet[Event], person: Person, *, is_rehearsal: bool) -> int:
    """Take an address out of these events, which stay with their ids; returns of how many."""
    named = events.annotate(told=Cast("payload", TextField()))
    rows = named.filter(person.named_in("told") | Q(actor__iexact=person.spellings[0]))
    count = 0
    for batch in batches(list(rows.order_by("pk").values_list("pk", flat=True))):
        with step(is_rehearsal=is_rehearsal):
            changed = []
            for event in Event.objects.filter(pk__in=batch).select_for_update(no_key=True):
                payload, actor = person.without(event.payload), person.without(event.actor)
                if (payload, actor) != (event.payload, event.actor):
                    event.payload, event.actor = payload, actor
                    changed.append(event)
            Event.objects.bulk_update(changed, ["payload", "actor"])
            _forget_told([event.pk for event in changed])
            count += len(changed)
    return count


def forget_filename(id: UUID) -> None:
    """Take the name of a file out of the log."""
    changed = []
    for event in Event.objects.filter(subject_id=id):
        if "filename" in event.payload:
            event.payload = {**event.payload, "filename": DELETED}
            changed.append(event)
    Event.objects.bulk_update(changed, ["payload"])
    _forget_told([event.pk for event in changed])


def _forget_told(events: list[int]) -> None:
    """What was told of them; what is still to be told is composed anew."""
    WebhookDelivery.objects.filter(event__in=events).exclude(body="").update(body="")
