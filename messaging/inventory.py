"""The keys of mail: what arrived, and what was captured on its way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

from attachments.inventory.families import Family, Row, in_pages, register
from messaging.models import Arrival, Captured, Delivery

FACTS = ("key", "size", "sha256")
ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class Arrivals(Family):
    """Raw mail as it came; the arrivals at several inboxes may share it."""

    name = "arrivals"
    pattern = re.compile(r"arrivals/[0-9a-f]{2}/[0-9a-f]{32}\.eml")

    def rows(self, *, after: str) -> Iterator[Row]:
        for facts in in_pages(Arrival.objects.values(*FACTS), by="key", after=after):
            yield Row(**facts)

    def find(self, key: str) -> Row | None:
        facts = Arrival.objects.carrying(key).values(*FACTS).first()
        return Row(**facts) if facts else None

    def knows(self, key: str) -> bool:
        return Arrival.objects.carrying(key).exists()


class Outbox(Family):
    """Mail in the outbox tray. A delivery that is tried again is captured at the same key."""

    name = "outbox"
    pattern = re.compile(rf"outbox/{ID}/(?P<delivery>{ID})\.eml")

    def rows(self, *, after: str) -> Iterator[Row]:
        for facts in in_pages(Captured.objects.values(*FACTS), by="key", after=after):
            yield Row(**facts)

    def find(self, key: str) -> Row | None:
        facts = Captured.objects.filter(key=key).values(*FACTS).first()
        return Row(**facts) if facts else None

    def knows(self, key: str) -> bool:
        delivery = self.delivery_of(key)
        is_open = Delivery.objects.open().filter(pk=delivery).exists()
        return is_open or Captured.objects.filter(delivery=delivery).exists()

    def lock(self, key: str) -> None:
        Delivery.objects.select_for_update().filter(pk=self.delivery_of(key)).first()

    def delivery_of(self, key: str) -> UUID:
        return UUID(self.match(key)["delivery"])


register(Arrivals())
register(Outbox())
