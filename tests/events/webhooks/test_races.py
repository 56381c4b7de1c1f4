"""What people do to an endpoint while it is being told something."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection
from django.utils import timezone

from project.events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.endpoints import (
    WebhookOff,
    delete_webhook,
    rotate_secret,
    update_webhook,
)
from project.events.webhooks.queue import claim, put_down, replay
from tests.events.make import make_endpoint, make_events, queue_all
from tests.people import Person

ROUNDS = 15


def turn_off(endpoint: WebhookEndpoint) -> None:
    update_webhook(endpoint=endpoint, is_active=False)


def tell_again(endpoint: WebhookEndpoint) -> None:
    with suppress(WebhookOff):
        for delivery in endpoint.deliveries.select_related("endpoint"):
            replay(delivery=delivery)


def rotate(endpoint: WebhookEndpoint) -> None:
    rotate_secret(endpoint=endpoint)


def delete(endpoint: WebhookEndpoint) -> None:
    delete_webhook(endpoint=endpoint)


@pytest.mark.every_case
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("meddle", [turn_off, tell_again, rotate, delete])
@pytest.mark.parametrize("status", [200, 410, 500])
def test_nobody_waits_for_each_other_for_ever(
    alice: Person, meddle: Callable[[WebhookEndpoint], None], status: int
) -> None:
    for _ in range(ROUNDS):
        endpoint = make_endpoint(alice.workspace, events=["message"])
        make_events(alice.workspace, *["message.sent"] * 3)
        queue_all()
        attempts = [
            WebhookAttempt(
                delivery=one,
                url=endpoint.url,
                status=status,
                problem="" if status == 200 else "No.",
                started_at=timezone.now(),
                ended_at=timezone.now(),
            )
            for one in claim(endpoint_id=endpoint.pk, limit=3)
        ]
        start = threading.Barrier(2)

        def put_all_down(ready: threading.Barrier, told: list[WebhookAttempt]) -> None:
            try:
                ready.wait(10)
                for attempt in told:
                    put_down(attempt)
            finally:
                connection.close()

        def act(ready: threading.Barrier, on: WebhookEndpoint) -> None:
            try:
                ready.wait(10)
                meddle(on)
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(put_all_down, start, attempts), pool.submit(act, start, endpoint)]
            for job in jobs:
                job.result(60)
        held = WebhookDelivery.objects.filter(endpoint__is_active=False, state="pending")
        assert not held.exists()
        WebhookEndpoint.objects.all().delete()
