"""Which way a mail goes out."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings

from messaging.addresses import Address
from messaging.inboxes import names_of
from messaging.models import Inbox
from messaging.outbox.parcel import Transport
from messaging.outbox.provider import ProviderTransport
from messaging.outbox.rehearsal import RehearsalTransport
from messaging.outbox.relay import Relay
from messaging.outbox.smtp import SmtpTransport
from messaging.outbox.tray import TrayTransport

RELAY = ""
LOCAL = "local"
REHEARSAL = "rehearsal"


def transport_of(inbox: Inbox, route: str = RELAY) -> Transport:
    """How an inbox sends on a route: by its own relay, else the installation's.

    Without either, mail for inboxes here goes in at our own door, and all other into the tray.
    """
    if route == REHEARSAL:
        return RehearsalTransport()
    if inbox.smtp_url:
        return SmtpTransport(Relay.read(inbox.smtp_url))
    if settings.PROVIDER_BACKEND:
        return ProviderTransport(settings.PROVIDER_BACKEND)
    if settings.SMTP_URL:
        return SmtpTransport(Relay.read(settings.SMTP_URL))
    return SmtpTransport(own_door()) if route == LOCAL else TrayTransport()


def own_door() -> Relay:
    """The door of this installation, where `manage.py receive_mail` listens."""
    return Relay(host=_callable(settings.BIND), port=settings.MAIL_PORT, security="smtp")


def _callable(bind: str) -> str:
    """The host at which to call what listens at `bind`: a wildcard is none, loopback is."""
    try:
        address = ip_address(bind)
    except ValueError:
        return bind
    if not address.is_unspecified:
        return bind
    return "127.0.0.1" if address.version == 4 else "::1"


def signs(transport: Transport) -> bool:
    """Whether what goes this way is signed here: what leaves as we write it, for other servers."""
    return isinstance(transport, SmtpTransport) and transport.relay != own_door()


def stays_in_house(inbox: Inbox) -> bool:
    """Whether an inbox has no way out, so that only this installation's own inboxes are reached."""
    return isinstance(transport_of(inbox), TrayTransport)


def route_of(inbox: Inbox, address: Address, own: frozenset[str]) -> str:
    """The route of a recipient: what one SMTP transaction can serve.

    `own` are addresses of this installation's inboxes, lower case. With a relay all mail takes
    that one; without, what stays in the house is parted from what would leave it.
    """
    if stays_in_house(inbox) and not own.isdisjoint(names_of(address)):
        return LOCAL
    return RELAY
