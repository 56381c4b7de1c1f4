"""Waking the workers."""

from __future__ import annotations

import logging
from threading import Lock, Timer
from time import monotonic

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

#: a process pokes at once, and then at most so often: for a worker, being poked costs as much as
#: sending two mails
GAP_SECONDS = 0.2


class Poke:
    """Wakes the workers for one task.

    By the task's name, since tasks import what pokes. A poke carries nothing and may get lost:
    the clock finds the work a second later.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._lock = Lock()
        self._next = 0.0  # when the next poke may leave
        self._is_coming = False  # one that will leave then has whatever is committed by then

    def on_commit(self) -> None:
        """Tell the workers, once this transaction stands, that there is something to do."""
        transaction.on_commit(self, robust=True)

    def __call__(self) -> None:
        with self._lock:
            wait = self._next - monotonic()
            if self._is_coming:
                return
            if wait > 0:
                self._is_coming = True
                late = Timer(wait, self._late)
                late.daemon = True
                late.start()
                return
            self._next = monotonic() + GAP_SECONDS
        self._send()

    def _late(self) -> None:
        with self._lock:
            self._is_coming = False
            self._next = monotonic() + GAP_SECONDS
        self._send()

    def _send(self) -> None:
        try:
            current_app.send_task(self._task, expires=60)
        except (OperationalError, OSError) as error:
            log.warning("the broker does not take a poke: %s", error)
