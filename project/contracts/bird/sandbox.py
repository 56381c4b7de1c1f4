"""Addresses for tests: each says by its name what becomes of mail to it."""

from __future__ import annotations

from collections.abc import Iterable

from messaging.addresses import Address
from messaging.models import Recipient
from messaging.outbox.rehearsal import Rehearsed

DOMAIN = "messagebird.dev"

DELIVERED = Rehearsed(state=Recipient.State.DELIVERED, code=250, reply="2.0.0 Sandbox: delivered")
HARD = Rehearsed(state=Recipient.State.BOUNCED, code=550, reply="5.1.1 Sandbox: unknown user")
SOFT = Rehearsed(state=Recipient.State.BOUNCED, code=452, reply="4.2.2 Sandbox: mailbox full")
SPAM = Rehearsed(
    state=Recipient.State.COMPLAINED, code=250, reply="2.0.0 Sandbox: reported as spam"
)
SUPPRESSED = Rehearsed(state=Recipient.State.SUPPRESSED, code=None, reply="Sandbox: suppressed")
REJECTED = Rehearsed(state=Recipient.State.REFUSED, code=None, reply="Sandbox: rejected by policy")
DEFERRED = Rehearsed(state=Recipient.State.DEFERRED, code=451, reply="4.7.1 Sandbox: try later")
UNKNOWN = Rehearsed(
    state=Recipient.State.BOUNCED, code=550, reply="5.1.1 The sandbox has no such address"
)

OUTCOMES = {
    "delivered": DELIVERED,
    "bounce": HARD,
    "hardbounce": HARD,
    "softbounce": SOFT,
    "complaint": SPAM,
    "spam": SPAM,
    "suppressed": SUPPRESSED,
    "reject": REJECTED,
    "deferred": DEFERRED,
    "delay": DEFERRED,
}

#: names that exist for examples and tests only (RFC 2606), and one that people use like them
RESERVED = ("example.com", "example.net", "example.org", "example.edu", "test.com")
RESERVED_ENDINGS = (".test", ".example", ".invalid", ".localhost")


def rehearsed_of(addresses: Iterable[Address]) -> dict[str, Rehearsed]:
    """What becomes of those of the addresses that are in the sandbox, by their keys."""
    found = {}
    for address in addresses:
        local, _, domain = address.ascii_email.lower().rpartition("@")
        if domain == DOMAIN:
            found[address.key] = OUTCOMES.get(local.partition("+")[0], UNKNOWN)
    return found


def is_reserved(address: Address) -> bool:
    """Whether nobody can ever read mail to it."""
    domain = address.ascii_email.lower().rpartition("@")[2]
    return domain in RESERVED or f".{domain}".endswith(RESERVED_ENDINGS)
