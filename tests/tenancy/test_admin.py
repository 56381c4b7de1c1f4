"""The back office: every model is there, can be looked at, and what must not be edited cannot."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.contacts import Contact, create_customer
from messaging.dkim.keys import make_signing_key
from messaging.models import Attempt, Captured, Delivery, HoldRule, Pause, Suppression
from project.events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.tenancy.models import (
    ApiKey,
    Domain,
    IdempotencyRecord,
    Post,
    User,
    Workspace,
    digest_of,
)
from tests.events.make import make_endpoint, make_events
from tests.messaging.make import make_arrival, make_file, make_inbox, make_message
from tests.people import Person
from tests.workspaces.make import invite

OURS = ("tenancy", "events", "messaging")
#: what has no list of its own: it is shown with its delivery, or on the page of retention
ELSEWHERE = {"Hold", "RetentionRun"}
MODELS = [
    model
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    if model.__name__ not in ELSEWHERE
]
EDITABLE = {"User", "Post", "Workspace", "Member", "Domain", "Customer", "HoldRule"}


@pytest.fixture
def operator(alice: Person) -> Client:
    """Alice, who may open the back office; there is a row of every kind."""
    User.objects.filter(pk=alice.user.pk).update(is_staff=True, is_superuser=True)
    inbox = make_inbox(alice.workspace, smtp_url="")
    make_message(inbox, files=[make_file(alice.workspace)])
    delivery = Delivery.objects.get()
    Attempt.objects.create(
        delivery=delivery, number=1, outcome="accepted", started_at=timezone.now()
    )
    Captured.objects.create(
        delivery=delivery, mail_from=inbox.address, key="outbox/x.eml", size=1, sha256="0" * 64
    )
    domain = Domain.objects.create(workspace=alice.workspace, name="example.com")
    make_signing_key(domain=domain, selector="one")
    Pause.objects.create(workspace=alice.workspace, reason="A look at the queue")
    HoldRule.objects.create(workspace=alice.workspace, name="Large mail", min_bytes=1)
    create_customer(workspace=alice.workspace, name="Ann", emails=[Contact("ann@example.com")])
    make_arrival(inbox, b"Subject: x\r\n\r\n")
    Suppression.objects.create(workspace=alice.workspace, email="gone@example.com")
    endpoint = make_endpoint(alice.workspace)
    told = WebhookDelivery.objects.create(
        endpoint=endpoint, event=make_events(alice.workspace, "message.sent")[0], state="failed"
    )
    invite(alice)
    Post.objects.create(user=alice.user, duty="operator")
    now = timezone.now()
    WebhookAttempt.objects.create(delivery=told, url=endpoint.url, started_at=now, ended_at=now)
    alice.api.post("/api/v1/customers", {"name": "Bo"}, headers={"Idempotency-Key": "k"})
    assert IdempotencyRecord.objects.exists()
    alice.user.refresh_from_db()
    return alice.browser


def admin_url(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_it_lists_finds_and_shows(operator: Client, model: type[Model]):
    assert admin.site.is_registered(model)
    assert operator.get(admin_url(model, "changelist")).status_code == 200
    assert operator.get(admin_url(model, "changelist") + "?q=nothing").status_code == 200
    row = model._default_manager.first()
    assert row is not None
    assert operator.get(admin_url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_rows_that_must_not_be_edited_are_not(operator: Client, model: type[Model]):
    row = model._default_manager.first()
    answer = operator.post(admin_url(model, "change", row.pk), {})
    assert answer.status_code == (200 if model.__name__ in EDITABLE else 403)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_takes_the_same_statements_for_any_number(
    operator: Client, alice: Person, model: type[Model], django_assert_max_num_queries
):
    for _ in range(5):
        make_message(make_inbox(alice.workspace), files=[make_file(alice.workspace)])
    with django_assert_max_num_queries(14):
        operator.get(admin_url(model, "changelist"))


def test_a_new_key_is_shown_once(operator: Client, alice: Person):
    page = operator.post(
        admin_url(ApiKey, "add"),
        {"workspace": alice.workspace.pk, "name": "shop", "scopes": ["read", "send"]},
        follow=True,
    )
    secret = re.search(r"enc_[\w-]+", page.content.decode())
    assert secret
    key = ApiKey.objects.get(name="shop")
    assert key.sha256 == digest_of(secret[0]) and key.scopes == ["read", "send"]
    later = operator.get(admin_url(ApiKey, "change", key.pk)).content.decode()
    assert secret[0] not in later and key.sha256 not in later


def test_secrets_of_webhooks_are_not_shown(operator: Client):
    row = WebhookEndpoint.objects.get()
    page = operator.get(admin_url(WebhookEndpoint, "change", row.pk)).content.decode()
    assert row.url in page and row.secret not in page and "whsec_" not in page


def test_a_workspace_is_told_to_store_nothing(operator: Client, alice: Person):
    page = admin_url(Workspace, "change", alice.workspace.pk)
    assert 'name="stores_content"' in operator.get(page).content.decode()
    form = {
        "name": "Acme",
        "undo_seconds": 10,
        **{f"{rows}-{count}_FORMS": 0 for rows in ROWS for count in ("TOTAL", "INITIAL")},
    }
    for on in (False, True):
        operator.post(page, {**form, **({"stores_content": "on"} if on else {})})
        alice.workspace.refresh_from_db()
        assert alice.workspace.stores_content == on


ROWS = ("memberships", "domains")


def test_people_are_made_with_a_password(operator: Client):
    operator.post(
        admin_url(User, "add"),
        {
            "email": "dora@acme.test",
            "name": "Dora",
            "password": "correct horse battery",
            "memberships-TOTAL_FORMS": 0,
            "memberships-INITIAL_FORMS": 0,
            "posts-TOTAL_FORMS": 0,
            "posts-INITIAL_FORMS": 0,
        },
    )
    assert User.objects.get(email="dora@acme.test").check_password("correct horse battery")


def test_strangers_stay_out(charlie: Person):
    for model in MODELS:
        assert charlie.browser.get(admin_url(model, "changelist")).status_code == 302
