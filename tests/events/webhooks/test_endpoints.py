from __future__ import annotations

import pytest
from django.db import connection

from project.events.models import Event, WebhookEndpoint
from project.events.webhooks.endpoints import (
    InvalidWebhookUrl,
    TooManyWebhooks,
    check_url,
    create_webhook,
    delete_webhook,
    update_webhook,
)
from tests.people import Person

URL = "https://agent.example.com/hooks"


def test_it_makes_one_with_a_secret_that_is_stored_encrypted(alice: Person):
    endpoint = create_webhook(workspace=alice.workspace, dialect="native", url=URL)
    assert endpoint.secret.startswith("whsec_") and len(endpoint.secret) == 50
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM events_webhookendpoint")
        assert endpoint.secret not in cursor.fetchone()[0]
    assert WebhookEndpoint.objects.get().secret == endpoint.secret


def test_it_changes_what_is_given_and_tells_the_log(alice: Person):
    endpoint = create_webhook(
        workspace=alice.workspace, dialect="native", url=URL, events=["a"], description="Mine"
    )
    secret = endpoint.secret
    update_webhook(endpoint=endpoint, events=[], is_active=False)
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events, endpoint.description) == (URL, [], "Mine")
    assert endpoint.is_active is False and endpoint.secret == secret
    delete_webhook(endpoint=endpoint)
    kinds = Event.objects.in_order().values_list("kind", flat=True)
    assert list(kinds) == ["webhook.created", "webhook.updated", "webhook.deleted"]
    assert not WebhookEndpoint.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a.example.com",
        "https://",
        "ftp://a.example.com",
        "https://a b.example.com",
        "https://u:p@a.example.com",
    ],
)
def test_it_takes_https_only(url: str):
    with pytest.raises(InvalidWebhookUrl):
        check_url(url)


def test_a_url_has_2048_characters_at_most():
    url = f"https://a.example.com/{'x' * 2026}"
    assert check_url(url) == url
    with pytest.raises(InvalidWebhookUrl) as refusal:
        check_url(f"{url}x")
    assert (refusal.value.limit, refusal.value.actual) == (2048, 2049)


def test_a_workspace_has_so_many_at_most(alice: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("project.events.webhooks.endpoints.MAX_ENDPOINTS", 1)
    create_webhook(workspace=alice.workspace, dialect="native", url=URL)
    with pytest.raises(TooManyWebhooks) as refusal:
        create_webhook(workspace=alice.workspace, dialect="native", url=URL)
    assert (refusal.value.limit, refusal.value.actual) == (1, 1)
