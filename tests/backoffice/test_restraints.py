"""Pauses and hold rules in the back office: who may, with what reason, and what is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Delivery, HoldRule, Message, Pause
from messaging.outbox.claim import claim
from messaging.pausing import pause_sending
from messaging.rules import let_through, save_rule
from project.backoffice import restraints
from project.backoffice.dashboard import board_for
from project.events.models import Event
from tests.backoffice.people import act, browser_of, list_of, make_officer, page_of
from tests.messaging.make import delivery_of, letter_to, make_inbox, make_message

ADD_PAUSE = "admin:messaging_pause_add"
ADD_RULE = "admin:messaging_holdrule_add"


@pytest.fixture
def browser(db) -> Client:
    return browser_of(make_officer("operator", None))


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


def pause_by(browser, workspace=None, **form):
    fields = {"workspace": workspace.pk if workspace else "", "reason": "Too fast.", **form}
    return browser.post(reverse(ADD_PAUSE), fields)


def rule_by(browser, workspace=None, url="", **form):
    fields = {
        "workspace": workspace.pk if workspace else "",
        "name": "Looked at",
        "recipient_domain": "example.com",
        "is_active": "on",
        "reason": "An incident.",
        **form,
    }
    return browser.post(url or reverse(ADD_RULE), fields)


# Pauses -----------------------------------------------------------------------------------------


def test_an_operator_pauses_a_workspace_and_resumes_it(browser, inbox, charlie):
    make_message(inbox)
    assert pause_by(browser, inbox.workspace).status_code == 302
    pause = Pause.objects.get()
    assert (pause.workspace, pause.reason, claim(limit=10)) == (inbox.workspace, "Too fast.", [])
    resume = reverse("admin:pause_resume", args=[pause.pk])
    assert resume in browser.get(page_of(pause)).content.decode()
    assert "A reason is needed" in browser.post(resume, {"reason": " "}).content.decode()
    assert Pause.objects.exists()
    browser.post(resume, {"reason": "Slower now."})
    assert len(claim(limit=10)) == 1
    events = list(Event.objects.filter(subject_id=pause.pk).in_order())
    assert [one.payload["reason"] for one in events] == ["Too fast.", "Slower now."]
    assert {one.workspace_id for one in events} == {inbox.workspace.pk}
    assert all(one.actor.startswith("user:") for one in events)


def test_an_operator_of_all_pauses_and_drains_everything(browser, inbox):
    make_message(inbox)
    pause_by(browser)
    pause_by(browser, is_drain="on")
    assert list(Pause.objects.order_by("is_drain").values_list("workspace", "is_drain")) == [
        (None, False),
        (None, True),
    ]
    assert claim(limit=10) == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"reason": ""}, "This field is required"),
        ({"is_drain": "on"}, "Only the whole installation can be drained."),
        ({"ends_at_0": "2020-01-01", "ends_at_1": "10:00"}, "It has to end later than now."),
    ],
)
def test_what_makes_no_sense_is_said(browser, inbox, form, words):
    assert words in pause_by(browser, inbox.workspace, **form).content.decode()
    assert not Pause.objects.exists()


def test_what_is_paused_is_not_paused_again(browser, inbox):
    for workspace in (None, inbox.workspace):
        pause_by(browser, workspace)
        assert pause_by(browser, workspace).status_code == 200  # the form again, with the fault
    assert Pause.objects.count() == 2


def test_of_two_who_pause_at_once_the_second_is_told(browser, inbox, monkeypatch):
    def pause_after_another(**given):
        pause_sending(workspace=given["workspace"], reason="I was first.")
        pause_sending(**given)

    monkeypatch.setattr(restraints, "pause_sending", pause_after_another)
    there = pause_by(browser, inbox.workspace)["Location"]
    assert there == reverse("admin:messaging_pause_changelist")
    assert "It is paused already: I was first." in browser.get(there).content.decode()


def test_an_operator_of_one_workspace_pauses_that_one_only(inbox, charlie):
    browser = browser_of(make_officer("operator", inbox.workspace))
    for workspace in (None, charlie.workspace):
        assert pause_by(browser, workspace).status_code == 200
    assert not Pause.objects.exists()
    pause_by(browser, inbox.workspace)
    assert Pause.objects.get().workspace == inbox.workspace


def test_they_see_the_pause_of_everything_and_cannot_end_it(inbox, charlie):
    browser = browser_of(make_officer("operator", inbox.workspace))
    everything = pause_sending(workspace=None, reason="A new version.")
    theirs = pause_sending(workspace=charlie.workspace, reason="Nobody's business.")
    page = browser.get(page_of(everything)).content.decode()
    assert "A new version." in page and "Resume…" not in page
    listed = browser.get(list_of(Pause)).content.decode()
    assert "A new version." in listed and "business" not in listed
    url = reverse("admin:pause_resume", args=[everything.pk])
    assert browser.post(url, {"reason": "x"}).status_code == 403
    hidden = reverse("admin:pause_resume", args=[theirs.pk])
    assert browser.post(hidden, {"reason": "x"}).status_code == 404
    assert Pause.objects.count() == 2


def test_auditors_and_members_do_not_pause(alice, inbox):
    pause = pause_sending(workspace=inbox.workspace, reason="Too fast.")
    auditor = browser_of(make_officer("auditor", inbox.workspace))
    assert auditor.get(reverse(ADD_PAUSE)).status_code == 403
    resume = reverse("admin:pause_resume", args=[pause.pk])
    assert auditor.post(resume, {"reason": "x"}).status_code == 403
    assert "Too fast." in auditor.get(list_of(Pause)).content.decode()
    alice.browser.post(resume, {"reason": "x"})
    assert Pause.objects.exists()


def test_the_dashboard_shows_what_is_paused_and_how_much_waits(browser, inbox, charlie):
    make_message(inbox)
    pause_sending(workspace=inbox.workspace, reason="Too fast.")
    heaps = {tile.name: tile for tile in board_for(None).tiles}
    assert (heaps["due"].heap.number, heaps["paused"].heap.number) == (0, 1)
    assert browser.get(heaps["paused"].url).context["cl"].result_count == 1
    page = browser.get(reverse("admin:index")).content.decode()
    assert "Pause of Acme" in page and "Too fast." in page
    assert not board_for(frozenset([charlie.workspace.pk])).pauses


# Health -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_drain", "state"), [(True, "drained"), (False, "paused")])
def test_readiness_names_a_drained_installation(client, inbox, is_drain, state):
    make_message(inbox)
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert client.get("/readyz").json()["sending"] == "running"
    assert client.get("/readyz?all=true").status_code == 503  # due for an hour
    pause_sending(workspace=None, reason="A new version.", is_drain=is_drain)
    answer = client.get("/readyz?all=true")
    assert (answer.status_code, answer.json()["sending"]) == (200, state)
    assert answer.json()["checks"]["queue"] == "ok"


def test_one_paused_workspace_hides_no_stuck_queue(client, inbox, charlie):
    make_message(make_inbox(charlie.workspace))
    Delivery.objects.update(due_at=timezone.now() - timedelta(hours=1))
    pause_sending(workspace=inbox.workspace, reason="Too fast.")
    answer = client.get("/readyz").json()
    assert (answer["sending"], answer["checks"]["queue"]) == ("running", "failed")


# Rules ------------------------------------------------------------------------------------------


def hold(inbox):
    """A message that a rule has held."""
    message = make_message(inbox)
    assert let_through(claim(limit=10)) == []
    return message


def test_an_operator_makes_a_rule_and_releases_what_it_holds(browser, inbox):
    assert rule_by(browser, inbox.workspace).status_code == 302
    message = hold(inbox)
    words = "Looked at. It stays here until an operator releases it."
    assert words in browser.get(page_of(message)).content.decode()
    assert "1" in browser.get(list_of(HoldRule)).content.decode()
    job = act(browser, Message, "release", message)
    assert job.rows.get().outcome == "done"
    assert len(let_through(claim(limit=10))) == 1
    event = Event.objects.get(kind="rule.changed")
    assert (event.payload["reason"], event.actor[:5]) == ("An incident.", "user:")


def test_a_change_needs_a_reason_and_is_put_on_record(browser, inbox):
    rule_by(browser, inbox.workspace)
    rule = HoldRule.objects.get()
    form = {"url": page_of(rule), "hold_hours": "2"}
    assert rule_by(browser, inbox.workspace, **form, reason="").status_code == 200
    rule.refresh_from_db()
    assert rule.hold_hours is None
    rule_by(browser, inbox.workspace, **form, reason="Shorter.")
    changes = Event.objects.filter(kind="rule.changed", subject_id=rule.pk).in_order()
    assert [(one.payload["hold_hours"], one.payload["reason"]) for one in changes] == [
        (None, "An incident."),
        (2, "Shorter."),
    ]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"recipient_domain": " @Bücher.Example "}, ("", "xn--bcher-kva.example", "")),
        ({"recipient_domain": "", "sender": "Ann@Acme.test"}, ("ann@acme.test", "", "")),
        ({"recipient_domain": "", "content_type": " Image/* "}, ("", "", "image/*")),
    ],
)
def test_what_is_given_is_kept_in_one_spelling(browser, inbox, given, kept):
    rule_by(browser, inbox.workspace, **given)
    rule = HoldRule.objects.get()
    assert (rule.sender, rule.recipient_domain, rule.content_type) == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"recipient_domain": ""}, "Say which mail is meant."),
        ({"sender": "nobody"}, "nobody"),
        ({"recipient_domain": "not a domain"}, "not a domain"),
        ({"content_type": "zip"}, "Such as application/zip"),
        ({"hold_hours": "0"}, "It has to be held for an hour at least."),
        ({"reason": ""}, "This field is required."),
    ],
)
def test_a_rule_without_sense_is_not_made(browser, inbox, given, words):
    assert words in rule_by(browser, inbox.workspace, **given).content.decode()
    assert not HoldRule.objects.exists()


def test_an_operator_of_one_workspace_makes_rules_for_that_one_only(inbox, charlie):
    browser = browser_of(make_officer("operator", inbox.workspace))
    for workspace in (None, charlie.workspace):
        assert rule_by(browser, workspace).status_code == 200
    assert not HoldRule.objects.exists()
    rule_by(browser, inbox.workspace)
    assert HoldRule.objects.get().workspace == inbox.workspace


def test_rules_of_others_do_not_exist_for_them(inbox, charlie):
    rules = [
        HoldRule(name=f"Secret {one and one.name}", workspace=one, min_bytes=1)
        for one in (None, charlie.workspace)
    ]
    browser = browser_of(make_officer("operator", inbox.workspace))
    for rule in rules:
        save_rule(rule=rule, reason="x")
        rule_by(browser, inbox.workspace, url=page_of(rule), name="Taken over")
    assert "Secret" not in browser.get(list_of(HoldRule)).content.decode()
    assert not HoldRule.objects.filter(name="Taken over").exists()


def test_auditors_read_rules_and_nobody_deletes_one(browser, inbox):
    rule = HoldRule(name="Looked at", workspace=inbox.workspace, min_bytes=1)
    save_rule(rule=rule, reason="x")
    auditor = browser_of(make_officer("auditor", inbox.workspace))
    assert "Looked at" in auditor.get(page_of(rule)).content.decode()
    assert auditor.get(reverse(ADD_RULE)).status_code == 403
    assert rule_by(auditor, inbox.workspace, url=page_of(rule)).status_code == 403
    delete = reverse("admin:messaging_holdrule_delete", args=[rule.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403
    assert HoldRule.objects.get().name == "Looked at"


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_is_made_on_its_page_stops_what_workers_hold(browser, inbox):
    message = make_message(inbox, letter_to("ann@example.com"))
    claim(limit=10)
    rule_by(browser, inbox.workspace)
    assert delivery_of(message).state == "held"
