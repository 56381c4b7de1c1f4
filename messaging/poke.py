"""Waking the workers for mail."""

from __future__ import annotations

from django.db import transaction

from project.poke import Poke

poke_outbox = Poke("messaging.tasks.deliver_due")
poke_parser = Poke("messaging.tasks.parse_arrivals")


def poke_on_commit() -> None:
    """Tell the workers, once this transaction stands, that there is mail to send."""
    transaction.on_commit(poke_outbox, robust=True)


def poke_parser_on_commit() -> None:
    """Tell the workers, once this transaction stands, that there is mail to read."""
    transaction.on_commit(poke_parser, robust=True)
