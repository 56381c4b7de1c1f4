"""Who holds a delivery: the claim, the lease, and the way back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from messaging.models import Delivery

#: how long a claimed delivery is a worker's own; renewed every third of it
LEASE = timedelta(seconds=60)
#: how long a delivery may be past the point of no return: the socket's time-out, and a minute
DATA_LEASE = timedelta(minutes=11)


@dataclass(frozen=True)
class Claim:
    """A delivery that this worker holds."""

    delivery_id: UUID
    token: UUID


def claim(*, limit: int) -> list[Claim]:
    """Take up to `limit` due deliveries, the longest due first; what a file or a pause keeps stays.

    Two statements in one transaction, with the condition in both. A sub-select inside the UPDATE
    can be run again for each row by PostgreSQL's planner and take more than the limit; without
    the condition in the UPDATE two workers can get one row. The moment is the database's: the
    clocks of two workers need not agree.
    """
    token = uuid4()
    free = Q(state__in=(Delivery.State.QUEUED, Delivery.State.CLAIMED), due_at__lte=Now())
    with transaction.atomic():
        due = Delivery.objects.filter(free).flowing().ungated().order_by("due_at")
        ids = list(
            due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[
                :limit
            ]
        )
        if not ids:
            return []
        won = Delivery.objects.filter(free, pk__in=ids).update(
            state=Delivery.State.CLAIMED,
            claim=token,
            due_at=Now() + LEASE,
            attempts=F("attempts") + 1,
        )
        if won != len(ids):
            mine = Delivery.objects.filter(claim=token, pk__in=ids)
            ids = list(mine.order_by("pk").values_list("pk", flat=True))
    return [Claim(id, token) for id in ids]


def renew(claims: Collection[Claim]) -> None:
    """Hold on to claimed deliveries for another lease."""
    with transaction.atomic():
        Delivery.objects.filter(pk__in=_lock_held(claims)).update(due_at=Now() + LEASE)


def give_back(claims: Collection[Claim]) -> None:
    """Let go of claimed deliveries that were not tried, for anyone to take at once."""
    with transaction.atomic():
        Delivery.objects.filter(pk__in=_lock_held(claims)).update(
            state=Delivery.State.QUEUED, due_at=Now(), attempts=F("attempts") - 1
        )


def _lock_held(claims: Collection[Claim]) -> list[UUID]:
    """Those that are still claimed by us, locked in the order in which everybody locks them."""
    ids = {one.delivery_id for one in claims}
    rows = Delivery.objects.filter(pk__in=ids, state=Delivery.State.CLAIMED).order_by("pk")
    held = rows.select_for_update(no_key=True).values_list("pk", "claim")
    return [id for id, token in held if token and Claim(id, token) in claims]


def start_data(claims: Collection[Claim]) -> set[Claim]:
    """Pass the point of no return with these claims, and return those that may.

    The last gate: it repeats the test of the files, and of the pauses that are no drain, and
    demands the token. Whoever is missing from the answer is held back, canceled, or another
    worker's by now; it must not be sent.
    """
    passed: set[Claim] = set()
    for token, ids in by_token(claims).items():
        mine = Delivery.objects.filter(pk__in=ids, claim=token)
        won = (
            mine.filter(state=Delivery.State.CLAIMED)
            .going_on()
            .ungated()
            .update(state=Delivery.State.DATA, due_at=Now() + DATA_LEASE)
        )
        if won and won != len(ids):
            ids = list(mine.filter(state=Delivery.State.DATA).values_list("pk", flat=True))
        if won:
            passed.update(Claim(id, token) for id in ids)
    return passed


def by_token(claims: Collection[Claim]) -> dict[UUID, list[UUID]]:
    """The ids of deliveries by the token under which they are held, both sorted."""
    held: dict[UUID, list[UUID]] = {}
    for one in sorted(claims, key=lambda one: (one.token, one.delivery_id)):
        held.setdefault(one.token, []).append(one.delivery_id)
    return held
