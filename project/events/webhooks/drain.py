"""Telling webhooks: one drain per worker process has the database, its threads have the calls.

An endpoint that fails has one call at a time, so that those who hang keep nobody else waiting.
"""

from __future__ import annotations

import logging
from collections import Counter
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from project.events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.client import post
from project.events.webhooks.dialects import Vanished, dialect_of
from project.events.webhooks.queue import (
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
LOOK_SECONDS = 1.0  # how often to look for work while calls are under way
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
        self.calls: dict[UUID, WebhookDelivery] = {}
        self.ended: SimpleQueue[WebhookAttempt] = SimpleQueue()
        self.look_at = 0.0

    def run(self) -> None:
        """Look for work and put down what came of it, until there is neither."""
        while not stopping.is_set():
            if monotonic() >= self.look_at:
                self.look_at = monotonic() + LOOK_SECONDS
                if self.look_for_work():
                    self.look_at = 0.0
            if not self.calls:
                return
            self.put_down_ended(wait=max(0.0, self.look_at - monotonic()))
        until = monotonic() + STOP_SECONDS
        while self.calls and monotonic() < until:
            self.put_down_ended(wait=max(0.0, until - monotonic()))

    def look_for_work(self) -> bool:
        """Begin as many calls as there is room for; whether there may be more to begin."""
        news = queue_news()
        begun = 0
        busy = Counter(delivery.endpoint_id for delivery in self.calls.values())
        for endpoint in WebhookEndpoint.objects.with_work():
            most = 1 if endpoint.failing_since else CALLS_PER_ENDPOINT
            room = min(most - busy[endpoint.pk], CALLS - len(self.calls))
            if room > 0:
                for delivery in claim(endpoint_id=endpoint.pk, limit=room):
                    begun += self.begin(delivery)
        return bool(news or begun) and len(self.calls) < CALLS

    def begin(self, delivery: WebhookDelivery) -> bool:
        """Call the endpoint in a thread; False when there is nothing to say, or no way to say it.

        What goes wrong with one delivery costs that one only.
        """
        if stopping.is_set():
            give_back([delivery])
            return False
        dialect, now = dialect_of(delivery.endpoint.dialect), timezone.now()
        try:
            if not delivery.body:
                delivery.body = dialect.compose(delivery)
                keep_body(delivery)
            headers = dialect.headers(delivery.endpoint, delivery, at=now)
        except Vanished as vanished:
            give_up(delivery, problem=str(vanished))
            return False
        except DatabaseError:
            raise
        except Exception as error:
            log.exception("webhook delivery %s could not be composed", delivery.pk)
            give_up(delivery, problem=f"It could not be composed: {type(error).__name__}.")
            return False
        attempt = WebhookAttempt(
            delivery=delivery, url=delivery.endpoint.url, headers=headers, started_at=now
        )
        self.calls[delivery.pk] = delivery
        timeout = dialect.timeout_seconds
        Thread(target=self.call, args=(attempt, delivery.body, timeout), daemon=True).start()
        return True

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
            while True:
                attempt = self.ended.get(timeout=wait)
                del self.calls[attempt.delivery_id]
                put_down(attempt)
                wait, self.look_at = 0.0, 0.0
        except Empty:
            return
