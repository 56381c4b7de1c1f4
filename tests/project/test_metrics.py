from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

TOKEN = "a secret of the one who counts"


def numbers(settings: Any) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every number by its name and the values of its labels."""
    settings.METRICS_TOKEN = TOKEN
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.content
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_it_counts_mail_and_how_late_it_is(alice: Person, settings: Any) -> None:
    inbox = make_inbox(alice.workspace)
    for _ in range(2):
        make_message(inbox, letter_to("ann@example.com"))
    late = make_message(inbox, letter_to("bo@example.com"))
    late.deliveries.update(due_at=timezone.now() - timedelta(hours=1), attempts=3)
    found = numbers(settings)
    assert found["enclose_mail", ("due",)] == 2
    assert found["enclose_mail", ("late",)] == 1
    assert 3600 <= found["enclose_mail_age_seconds", ("late",)] < 3700


def test_it_counts_bytes_once_and_as_often_as_they_are_used(alice: Person, settings: Any) -> None:
    for name in ("a.txt", "b.txt"):
        make_file(alice.workspace, b"x" * 1000, filename=name)
    found = numbers(settings)
    assert found["enclose_stored_bytes", ("stored",)] == 1000
    assert found["enclose_stored_bytes", ("logical",)] == 2000


def test_it_counts_requests_by_route_and_never_by_path(alice: Person, settings: Any) -> None:
    alice.api.get("/api/v1/messages/msg_01kagyx6vqeq7b0m4v1c2n8t5r")
    labels = [key[1] for key in numbers(settings) if key[0] == "enclose_request_seconds_count"]
    assert ("GET", "api/v1/messages/<str:id>", "404") in labels
    assert not any("msg_" in one for values in labels for one in values)


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}x"])
def test_without_the_token_there_is_no_such_page(db: None, settings: Any, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert Client().get("/metrics", headers={"Authorization": given}).status_code == 404
    settings.METRICS_TOKEN = ""
    assert Client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
