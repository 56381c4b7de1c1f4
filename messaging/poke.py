"""Waking the workers for mail."""

from __future__ import annotations

from project.poke import Poke

poke_outbox = Poke("messaging.tasks.deliver_due")
poke_parser = Poke("messaging.tasks.parse_arrivals")
