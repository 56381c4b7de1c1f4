"""Which way a mail goes out."""

from __future__ import annotations

from django.conf import settings

from messaging.addresses import Address
from messaging.models import Inbox
from messaging.outbox.parcel import Transport
from messaging.outbox.provider import ProviderTransport
from messaging.outbox.relay import Relay
from messaging.outbox.smtp import SmtpTransport
from messaging.outbox.tray import TrayTransport

RELAY = ""
LOCAL = "local"
REHEARSAL = "rehearsal"


def transport_of(inbox: Inbox) -> Transport:
    """How an inbox sends: by its own relay, else the installation's, else into the tray."""
    if inbox.smtp_url:
        return SmtpTransport(Relay.read(inbox.smtp_url))
    if settings.PROVIDER_BACKEND:
        return ProviderTransport(settings.PROVIDER_BACKEND)
    if settings.SMTP_URL:
        return SmtpTransport(Relay.read(settings.SMTP_URL))
    return TrayTransport()


def stays_in_house(inbox: Inbox) -> bool:
    """Whether an inbox has no way out, so that only this installation's own inboxes are reached."""
    return isinstance(transport_of(inbox), TrayTransport)


def route_of(inbox: Inbox, address: Address, own: frozenset[str]) -> str:
    """The route of a recipient: what one SMTP transaction can serve.

    `own` are addresses of this installation's inboxes, lower case. With a relay all mail takes
    that one; without, what stays in the house is parted from what would leave it.
    """
    if stays_in_house(inbox) and address.ascii_email.lower() in own:
        return LOCAL
    return RELAY
