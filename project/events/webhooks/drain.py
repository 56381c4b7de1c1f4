"""Telling webhooks: one drain per worker process has the database, its threads have the calls.

An endpoint that fails has one call at a time, and all of them together a part of the calls, so
that those who hang keep nobody waiting who takes what it is told.
"""

from __future__ import annotations

import logging
from collections import Counter
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from uuid import UUID

from django.utils import timezone

from project.events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.client import post
from project.events.webhooks.dialects import Vanished, dialect_of
from project.events.webhooks.queue import (
    AWAY,
    LEASE,
    claim,
    give_back,
    give_up,
    keep_body,
    put_down,
    queue_news,
)

log = logging.getLogger(__name__)

CALLS = 32  # at once
CALLS_PER_ENDPOINT = 4
CALLS_IN_VAIN = 8  # to endpoints that fail
RUN_SECONDS = 300.0  # of one drain; the clock begins another
LOOK_SECONDS = 1.0  # how often to look for work while calls are under way
LOOKED_AT = 100  # endpoints at one look, the longest waiting first
STOP_SECONDS = 2.0  # that calls under way get when the worker is asked to stop

#: set when the worker is asked to stop: nothing new is begun
stopping = Flag()

_running = Lock()


def tell_due() -> None:
    """Tell what is due, until nothing is; leave that to whoever is at it already."""
    if _running.acquire(blocking=False):
        try:
            _Drain().run()
        finally:
            _running.release()


class _Drain:
    def __init__(self) -> None:
        self.calls: dict[UUID, WebhookAttempt] = {}
        self.ended: SimpleQueue[WebhookAttempt] = SimpleQueue()
        self.news_at = 0.0
        self.until = monotonic() + RUN_SECONDS

    def run(self) -> None:
        """Look for work and put down what came of it, until there is neither."""
        may_begin = True
        while may_begin and not stopping.is_set():
            more = self.look_for_work()
            if not self.calls and not more:
                return
            self.put_down_ended(wait=0.0 if more else LOOK_SECONDS)
            may_begin = monotonic() < self.until
        until = monotonic() + (STOP_SECONDS if stopping.is_set() else LEASE.total_seconds())
        while self.calls and monotonic() < until:
            self.put_down_ended(wait=max(0.0, until - monotonic()))

    def look_for_work(self) -> bool:
        """Begin as many calls as there is room for; whether there may be more to begin."""
        found = 0
        if monotonic() >= self.news_at:
            found = queue_news()
            self.news_at = 0.0 if found else monotonic() + LOOK_SECONDS
        if len(self.calls) == CALLS:
            return False
        busy = Counter(attempt.delivery.endpoint_id for attempt in self.calls.values())
        in_vain = sum(bool(one.delivery.endpoint.failing_since) for one in self.calls.values())
        full = [id for id, count in busy.items() if count >= CALLS_PER_ENDPOINT]
        waiting = WebhookEndpoint.objects.with_work().exclude(pk__in=full)
        for id, failing_since in list(waiting.values_list("pk", "failing_since")[:LOOKED_AT]):
            room = min(CALLS_PER_ENDPOINT - busy[id], CALLS - len(self.calls))
            if failing_since:
                room = min(1 - busy[id], CALLS_IN_VAIN - in_vain, room)
                in_vain += room > 0
            if room > 0:
                found += self.begin_some(id, limit=room)
        return bool(found) and len(self.calls) < CALLS

    def begin_some(self, endpoint_id: UUID, *, limit: int) -> int:
        """Begin calls of one endpoint; returns how many deliveries were looked at."""
        try:
            deliveries = claim(endpoint_id=endpoint_id, limit=limit)
        except AWAY:
            raise
        except Exception:  # (such as a secret that no key of the installation opens)
            log.exception("webhook %s cannot be told anything", endpoint_id)
            return 0
        for delivery in deliveries:
            self.begin(delivery)
        return len(deliveries)

    def begin(self, delivery: WebhookDelivery) -> None:
        """Call the endpoint in a thread, if there is something to say, and a way to say it.

        What goes wrong with one delivery costs that one only.
        """
        if stopping.is_set():
            give_back([delivery])
            return
        now = timezone.now()
        try:
            dialect = dialect_of(delivery.endpoint.dialect)
            if not delivery.body:
                delivery.body = dialect.compose(delivery)
                keep_body(delivery)
            headers = dialect.headers(delivery.endpoint, delivery, at=now)
        except Vanished as vanished:
            give_up(delivery, problem=str(vanished))
            return
        except AWAY:
            raise
        except Exception as error:
            log.exception("webhook delivery %s could not be composed", delivery.pk)
            give_up(delivery, problem=f"It could not be composed: {type(error).__name__}.")
            return
        attempt = WebhookAttempt(
            delivery=delivery, url=delivery.endpoint.url, headers=headers, started_at=now
        )
        call = (attempt, delivery.body, dialect.timeout_seconds)
        Thread(target=self.call, args=call, daemon=True).start()
        self.calls[attempt.pk] = attempt

    def call(self, attempt: WebhookAttempt, body: str, timeout: float) -> None:
        """Make one call; in a thread of its own, without the database."""
        answer = post(url=attempt.url, body=body, headers=attempt.headers, timeout=timeout)
        attempt.ended_at = timezone.now()
        attempt.status, attempt.answer = answer.status, answer.body
        attempt.problem = answer.problem
        self.ended.put(attempt)

    def put_down_ended(self, *, wait: float) -> None:
        """Put down the calls that have ended, waiting so many seconds for the first."""
        try:
            while self.calls:
                attempt = self.ended.get(timeout=wait)
                del self.calls[attempt.pk]
                self.put_down(attempt)
                wait = 0.0
        except Empty:
            return

    def put_down(self, attempt: WebhookAttempt) -> None:
        try:
            put_down(attempt)
        except AWAY:
            raise
        except Exception:
            log.exception("what came of webhook delivery %s is lost", attempt.delivery_id)
