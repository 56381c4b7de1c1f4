"""Webhooks in the settings: made, tried, looked into, told again, turned off, deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from project.events.kinds import KINDS, NOUNS
from project.events.models import WebhookDelivery, WebhookEndpoint
from project.ids import spell
from tests.desk.settings.visit import SETTINGS, errors_at, field_in, post, text_of
from tests.events.make import make_endpoint, make_events, queue_all, tell
from tests.people import Person
from tests.services.hooks import Hooks

ADDRESS = "https://app.example.com/hooks"


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


def path_of(endpoint: WebhookEndpoint, *rest: str) -> str:
    return "/".join(["webhooks", spell("whk", endpoint.pk), *rest])


def test_its_secret_is_shown_once(alice: Person):
    browser = alice.browser
    events = ["message.sent", "draft"]
    page = post(browser, "webhooks/new", url=ADDRESS, description="shop", events=events)
    endpoint = WebhookEndpoint.objects.get()
    assert f'value="{endpoint.secret}"' in page.text and "no-store" in page["Cache-Control"]
    assert endpoint.events == events and endpoint.description == "shop"
    for path in ("webhooks", path_of(endpoint), path_of(endpoint, "delete")):
        assert endpoint.secret not in browser.get(f"{SETTINGS}/{path}").text
    first = endpoint.secret
    page = post(browser, path_of(endpoint, "secret"))
    endpoint.refresh_from_db()
    assert endpoint.secret != first and f'value="{endpoint.secret}"' in page.text
    assert first not in page.text and "signs as well until" in text_of(page)
    again = browser.get(f"{SETTINGS}/{path_of(endpoint, 'secret')}", follow=True)
    assert again.status_code == 200 and endpoint.secret not in again.text
    endpoint.refresh_from_db()
    assert endpoint.previous_secret == first


def test_every_kind_of_event_can_be_chosen_and_is_explained(alice: Person):
    page = alice.browser.get(f"{SETTINGS}/webhooks/new")
    assert re.findall(r'name="events" value="([^"]+)"', page.text).__len__() == len(KINDS) + len(
        NOUNS
    )
    assert "message.bounced A server reports that it has not arrived." in text_of(page)


def test_what_is_chosen_stands_in_the_form(alice: Person):
    endpoint = make_endpoint(alice.workspace, events=["message.sent", "draft"])
    page = alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}").text
    chosen = re.findall(r'name="events" value="([^"]+)" checked', page)
    assert chosen == ["draft", "message.sent"]
    assert page.count("<details open>") == 2
    post(alice.browser, path_of(endpoint), url=ADDRESS, events=[], description="")
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events) == (ADDRESS, [])


@pytest.mark.parametrize("url", ["", "http://app.example.com", "https://10.0.0.1/", "nonsense"])
def test_a_wrong_address_is_said_at_its_field(alice: Person, url: str):
    page = post(alice.browser, "webhooks/new", url=url, events=["draft"])
    assert page.status_code == 422 and errors_at(page, "url")
    assert "autofocus" in field_in(page, "url")
    assert 'value="draft" checked' in page.text and not WebhookEndpoint.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_and_its_answer_is_shown(alice: Person, hooks: Hooks):
    hooks.answer_with(500, body=b"<b>no</b>")
    endpoint = make_endpoint(alice.workspace, hooks.url)
    page = post(alice.browser, path_of(endpoint, "test"))
    assert "called in a moment" in text_of(page) and "load delay" in page.text
    tell()
    page = alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}")
    assert "Did not take the last delivery" in text_of(page) and "load delay" not in page.text
    delivery = WebhookDelivery.objects.get()
    path = path_of(endpoint, "deliveries", spell("whd", delivery.pk))
    page = alice.browser.get(f"{SETTINGS}/{path}")
    words = text_of(page)
    assert "webhook.tested" in words and "webhook-signature: v1," in words
    assert "&lt;b&gt;no&lt;/b&gt;" in page.text and "500" in words
    hooks.answer_with(200, body=b"thanks")
    post(alice.browser, f"{path}/replay")
    tell()
    first, second = hooks.wait(2)
    assert first.body == second.body
    assert "Delivered" in text_of(alice.browser.get(f"{SETTINGS}/{path}"))


def test_it_is_turned_off_and_on(alice: Person):
    endpoint = make_endpoint(alice.workspace)
    page = text_of(post(alice.browser, path_of(endpoint, "turn"), on="no"))
    assert "Turned off: it is told nothing" in page and "Test it" not in page
    assert "turn it on first" in text_of(post(alice.browser, path_of(endpoint, "test")))
    page = text_of(post(alice.browser, path_of(endpoint, "turn"), on="yes"))
    assert "Is told what happens" in page and "Test it" in page


def test_why_it_was_disabled_is_said(alice: Person):
    endpoint = make_endpoint(alice.workspace)
    WebhookEndpoint.objects.update(is_active=False, disabled_reason="It answered 410.")
    page = text_of(alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}"))
    assert "Turned off by Enclose" in page and "It answered 410." in page


def test_deleting_is_asked_for_and_done(alice: Person):
    endpoint = make_endpoint(alice.workspace)
    path = path_of(endpoint, "delete")
    assert "log of what it was told is deleted" in text_of(alice.browser.get(f"{SETTINGS}/{path}"))
    post(alice.browser, path)
    assert not WebhookEndpoint.objects.exists()


def test_the_log_has_pages(alice: Person):
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, *["message.sent"] * 30)
    queue_all()
    ids = [spell("whd", one.pk) for one in endpoint.deliveries.order_by("-pk")]
    first = alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}").text
    shown = re.findall(r"/deliveries/(whd_\w+)", first)
    assert shown == ids[:25] and f"?before={ids[24]}" in first
    second = alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}?before={ids[24]}").text
    assert re.findall(r"/deliveries/(whd_\w+)", second) == ids[25:]


def test_webhooks_of_other_doors_are_not_among_them(alice: Person):
    endpoint = make_endpoint(alice.workspace, dialect="nylas")
    assert endpoint.url not in alice.browser.get(f"{SETTINGS}/webhooks").text
    assert alice.browser.get(f"{SETTINGS}/{path_of(endpoint)}").status_code == 404
