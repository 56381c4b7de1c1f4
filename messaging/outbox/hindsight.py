"""What an event of the log was about, with what is there of it now."""

from __future__ import annotations

from datetime import timedelta

from messaging.models import Recipient
from project.events.models import Event

#: kinds with which a server may have taken a message
SENT = ("message.sent", "message.partial")
#: how far the clocks of the database and of a worker may be apart; less than between two tries
CLOCKS_APART = timedelta(seconds=10)


def is_first_sent(event: Event) -> bool:
    """Whether with this event the first server took its message; at most one query."""
    if event.kind not in SENT or not event.payload.get("reached"):
        return False
    others = Event.objects.filter(subject_id=event.subject_id, kind__in=SENT)
    return not others.filter(position__lt=event.position, payload__reached=True).exists()


def recipients_of(event: Event) -> list[Recipient]:
    """The recipients whom an event was about, with their deliveries; one query.

    A try names those who were answered in it, and a report whom it is about. What befell a whole
    delivery befell those of its route whose time is the event's, as long as nothing else has.
    """
    rows = Recipient.objects.filter(delivery__message=event.subject_id)
    rows = rows.select_related("delivery").order_by("pk")
    facts = event.payload
    if facts.get("recipient_ids"):
        return list(rows.filter(pk__in=facts["recipient_ids"]))
    if isinstance(facts.get("recipients"), list):
        return list(rows.filter(email__in=facts["recipients"]))
    if "route" in facts:
        rows = rows.filter(delivery__route=facts["route"])
    return list(rows.filter(at__range=(event.at - CLOCKS_APART, event.at + CLOCKS_APART)))
