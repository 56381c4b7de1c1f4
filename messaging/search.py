"""Finding letters by what stands in them: conditions that messages and drafts have in common.

Addresses are compared without regard to case. They stand in JSON, `[{"email", "name"}]`, whose
text is searched: that finds who a header names, also of mail that we have only received.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Case, DateTimeField, Exists, OuterRef, Q, TextField, When
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual, IContains, LessThan

from messaging.models import Delivery, Message
from messaging.models.message import OPEN, Channel, Direction, MessageQuerySet

ROLES = ("to", "cc", "bcc")

#: `moment_of`, told to the database
MOMENT = Case(
    When(direction=Direction.INBOUND, then="created_at"),
    default=Coalesce("sent_at", "date"),
    output_field=DateTimeField(),
)


def moment_of(message: Message) -> datetime:
    """When a message was received or sent; before that, the time in its Date header."""
    if message.direction == Direction.INBOUND:
        return message.created_at
    return message.sent_at or message.date


def since(at: datetime) -> Q:
    """Messages of this time or later, as `moment_of` has it."""
    return Q(GreaterThanOrEqual(MOMENT, at))


def before(at: datetime) -> Q:
    """Messages from before this time."""
    return Q(LessThan(MOMENT, at))


def written_to(role: str, emails: Iterable[str]) -> Q:
    """Letters that name one of these addresses in `to`, `cc` or `bcc`."""
    header = Cast(role, TextField())
    found = Q()
    for email in emails:
        for text in {json.dumps(email), json.dumps(email, ensure_ascii=False)}:
            found |= Q(IContains(header, f'"email": {text}'))
    return found


def written_by(emails: Iterable[str]) -> Q:
    """Letters from one of these addresses."""
    found = Q()
    for email in emails:
        found |= Q(from_email__iexact=email)
    return found


def concerning(emails: Iterable[str]) -> Q:
    """Letters from one of these addresses, or to it, in any role."""
    wanted = list(emails)
    found = written_by(wanted)
    for role in ROLES:
        found |= written_to(role, wanted)
    return found


def about(text: str) -> Q:
    """Letters with this in their subject, in whatever case.

    SQLite's LIKE knows only the case of ASCII.
    """
    if text.isascii():
        return Q(subject__icontains=text)
    return Q(subject__iregex=re.escape(text))


def with_metadata(pairs: Mapping[str, str]) -> Q:
    """Letters whose metadata have all of these texts."""
    found = Q()
    for key, value in pairs.items():
        found &= Q(**{f"metadata__{key}": value})
    return found


def with_mail(rows: MessageQuerySet) -> MessageQuerySet:
    """Those of the messages that are mail, and not a note, nor canceled before they left."""
    own = Delivery.objects.filter(message=OuterRef("pk"))
    canceled = own.filter(state=Delivery.State.CANCELED)
    left = own.exclude(state=Delivery.State.CANCELED)
    unsent = Q(direction=Direction.OUTBOUND, sent_at__isnull=True)
    was_canceled = unsent & Exists(canceled) & ~Exists(left)
    return rows.filter(~was_canceled, channel=Channel.EMAIL)


def not_ahead(rows: MessageQuerySet) -> MessageQuerySet:
    """Those of the messages that no clock keeps for later: for these, one try has been made."""
    untried = Delivery.objects.filter(message=OuterRef("pk"), state__in=OPEN, attempts=0)
    return rows.filter(Q(send_at__isnull=True) | Q(sent_at__isnull=False) | ~Exists(untried))


def from_somebody(part: str) -> Q:
    """Letters with this in the address or the name of who wrote them."""
    return Q(from_email__icontains=part) | Q(from_name__icontains=part)


def to_somebody(part: str) -> Q:
    """Letters with this in the address or the name of a recipient, in any role."""
    found = Q()
    for role in ROLES:
        header = Cast(role, TextField())
        for text in {part, json.dumps(part)[1:-1]}:
            found |= Q(IContains(header, text))
    return found
