"""Waking the workers."""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)


def poke_on_commit() -> None:
    """Tell the workers, once this transaction stands, that there is mail to send.

    By the task's name, since tasks import what pokes. A poke carries nothing and may get lost:
    the clock finds the work a second later.
    """
    transaction.on_commit(_poke, robust=True)


def _poke() -> None:
    try:
        current_app.send_task("messaging.tasks.deliver_due", expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("the broker does not take a poke: %s", error)
