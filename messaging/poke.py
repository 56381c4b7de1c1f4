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

_lock = Lock()
_next = 0.0  # when the next poke may leave
_is_coming = False  # one that will leave then: whatever is committed by then is in it


def poke_on_commit() -> None:
    """Tell the workers, once this transaction stands, that there is mail to send.

    By the task's name, since tasks import what pokes. A poke carries nothing and may get lost:
    the clock finds the work a second later.
    """
    transaction.on_commit(_poke, robust=True)


def _poke() -> None:
    global _is_coming, _next
    with _lock:
        wait = _next - monotonic()
        if _is_coming:
            return
        if wait > 0:
            _is_coming = True
            late = Timer(wait, _poke_late)
            late.daemon = True
            late.start()
            return
        _next = monotonic() + GAP_SECONDS
    _send()


def _poke_late() -> None:
    global _is_coming, _next
    with _lock:
        _is_coming = False
        _next = monotonic() + GAP_SECONDS
    _send()


def _send() -> None:
    try:
        current_app.send_task("messaging.tasks.deliver_due", expires=60)
    except (OperationalError, OSError) as error:
        log.warning("the broker does not take a poke: %s", error)
