"""To whom a message goes, and which way; and to whom it does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Value
from django.utils import timezone

from messaging.addresses import Address
from messaging.errors import AllSuppressed
from messaging.inboxes import names_of
from messaging.models import Inbox, Recipient
from messaging.outbox.rehearsal import Rehearsed
from messaging.outbox.transport import REHEARSAL, route_of, stays_in_house
from messaging.suppressions import WHY, holding_back, spelling_of

Addressee = tuple[str, Address]  # with the role
OWN = "own"


def recipients_by_route(
    *,
    inbox: Inbox,
    addressees: Sequence[Addressee],
    category: str,
    rehearsed: Mapping[str, Rehearsed],
) -> dict[str, list[Recipient]]:
    """Recipients that are not yet written, by the route on which each is reached; one query.

    Whoever is suppressed is so from the start, and kept beside others: on every route there is
    somebody to be reached. Raises AllSuppressed.
    """
    own, suppressed = _known(inbox, [address for _, address in addressees], category)
    by_route: dict[str, list[Recipient]] = {}
    left_out = []
    for role, address in addressees:
        one = Recipient(email=address.email, name=address.name or "", role=role)
        reason = suppressed.get(spelling_of(address))
        if reason:
            one.state, one.reply, one.at = one.State.SUPPRESSED, words_of(reason), timezone.now()
            left_out.append(one)
        elif address.key in rehearsed:
            one.rehearsed = dict(rehearsed[address.key])
            by_route.setdefault(REHEARSAL, []).append(one)
        else:
            by_route.setdefault(route_of(inbox, address, own), []).append(one)
    if not by_route:
        raise AllSuppressed({one.email: one.reply for one in left_out})
    by_route[min(by_route)] += left_out
    return by_route


def words_of(reason: str) -> str:
    """Why a recipient gets nothing, in plain words."""
    return f"This address gets no mail: {WHY[reason]}."


def _known(
    inbox: Inbox, addresses: Iterable[Address], category: str
) -> tuple[frozenset[str], dict[str, str]]:
    """The inboxes of this installation that the addresses reach, where that matters, and those of
    the addresses that are suppressed, with the reason."""
    wanted = list(addresses)
    rows = holding_back(wanted, inbox.workspace_id, category).values_list("reason", "email")
    if stays_in_house(inbox):
        names = {name for one in wanted for name in names_of(one)}
        ours = Inbox.objects.active().filter(address__in=names)
        rows = rows.union(ours.values_list(Value(OWN), "address"), all=True)
    found = list(rows)
    own = frozenset(address for reason, address in found if reason == OWN)
    return own, {address: reason for reason, address in found if reason != OWN}
