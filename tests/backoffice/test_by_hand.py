"""What superusers change by hand is in the log: who did what, before and after, and no secret"""

from __future__ import annotations

import logging
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from project.events.models import Event
from project.tenancy.models import Domain, Member, Post, User, Workspace
from tests.backoffice.people import browser_of, list_of, page_of
from tests.make import PASSWORD, make_user
from tests.people import Person

NEW = "another long pass phrase"


@pytest.fixture
def root(db: None) -> User:
    return make_user(email="root@acme.test", is_staff=True, is_superuser=True)


@pytest.fixture
def office(root: User) -> Client:
    return browser_of(root)


def post(office: Client, url: str, **fields: Any) -> None:
    """Send a page's form as it stands, with some fields changed."""
    form: dict[str, Any] = {}
    page = office.get(url)
    assert page.status_code == 200
    forms = [page.context["adminform"].form] if "adminform" in page.context else []
    for formset in page.context.get("inline_admin_formsets", ()):
        forms += [formset.formset.management_form, *formset.formset.forms]
    for one in forms:
        for field in one:
            if field.value() is not None and field.value() is not False:  # 0 stays
                form[field.html_name] = field.value()
    answer = office.post(url, {**form, **fields})
    assert answer.status_code == 302, "the form was not taken"


def changes() -> list[Event]:
    return list(Event.objects.filter(kind="record.changed").order_by("position"))


def told(event: Event) -> tuple[str, str, dict[str, Any]]:
    return event.payload["model"], event.payload["verb"], event.payload["changes"]


@pytest.mark.django_db(transaction=True)
def test_a_limit_that_is_changed(office: Client, root: User, alice: Person, charlie: Person):
    post(office, page_of(alice.workspace), max_stored_bytes="5000", name="Acme Ltd")
    (event,) = changes()
    assert (event.workspace, event.subject_id) == (alice.workspace, alice.workspace.pk)
    assert event.actor == root.actor
    assert told(event) == (
        "tenancy.workspace",
        "changed",
        {
            "name": {"before": "Acme", "after": "Acme Ltd"},
            "max_stored_bytes": {"before": None, "after": 5000},
        },
    )
    seen = [one["kind"] for one in alice.api.get("/api/v1/events").json()["data"]]
    assert "record.changed" in seen
    assert not Event.objects.filter(workspace=charlie.workspace).exists()


def test_what_is_saved_as_it_was_is_no_change(office: Client, alice: Person):
    post(office, page_of(alice.workspace))
    assert changes() == []


def test_rows_on_the_page_of_another(office: Client, alice: Person, bob: Person):
    Domain.objects.create(workspace=alice.workspace, name="old.example")
    rows = list(alice.workspace.memberships.order_by("pk"))
    place = next(n for n, row in enumerate(rows) if row.user == bob.user)
    url = page_of(alice.workspace)
    formsets = office.get(url).context["inline_admin_formsets"]
    members, domains = (one.formset for one in formsets)
    assert [form.instance for form in members.initial_forms] == rows
    post(
        office,
        url,
        **{
            f"{members.prefix}-{place}-role": "operator",
            f"{domains.prefix}-0-DELETE": "on",
            f"{domains.prefix}-TOTAL_FORMS": "2",
            f"{domains.prefix}-1-name": "new.example",
            f"{domains.prefix}-1-workspace": str(alice.workspace.pk),
        },
    )
    assert sorted(map(told, changes()), key=str) == [
        ("tenancy.domain", "added", {"name": {"before": None, "after": "new.example"}}),
        ("tenancy.domain", "deleted", {}),
        ("tenancy.member", "changed", {"role": {"before": "member", "after": "operator"}}),
    ]
    deleted = next(one for one in changes() if one.payload["verb"] == "deleted")
    assert deleted.payload["name"] == "old.example"
    assert Domain.objects.get().name == "new.example"


def test_what_is_added_and_deleted(office: Client, alice: Person):
    post(office, reverse("admin:tenancy_post_add"), user=str(alice.user.pk), duty="auditor",
         workspace=str(alice.workspace.pk))  # fmt: skip
    row = Post.objects.get()
    url = reverse("admin:tenancy_post_delete", args=[row.pk])
    assert office.post(url, {"post": "yes"}).status_code == 302
    added, deleted = changes()
    assert told(added)[:2] == ("tenancy.post", "added")
    assert told(added)[2]["user"] == {"before": None, "after": str(alice.user.pk)}
    assert told(deleted) == ("tenancy.post", "deleted", {})
    assert added.subject_id == deleted.subject_id == row.pk
    assert added.workspace == deleted.workspace == alice.workspace


def test_a_new_password_is_told_without_it(office: Client, alice: Person):
    url = reverse("admin:auth_user_password_change", args=[alice.user.pk])
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert office.post(url, form).status_code == 302
    alice.user.refresh_from_db()
    assert alice.user.check_password(NEW) and not alice.user.check_password(PASSWORD)
    (event,) = changes()
    assert event.workspace == alice.workspace
    assert set(told(event)[2]) and all(fact == {} for fact in told(event)[2].values())
    assert NEW not in str(event.payload)


def test_a_person_of_two_workspaces_is_in_the_log_of_both(
    office: Client, alice: Person, charlie: Person
):
    Member.objects.create(workspace=charlie.workspace, user=alice.user)
    post(office, page_of(alice.user), name="Alice B.")
    assert {event.workspace for event in changes()} == {alice.workspace, charlie.workspace}


def test_what_is_none_of_ours_is_told_by_name_where_its_changer_is(
    office: Client, root: User, alice: Person, charlie: Person, caplog
):
    row = EmailAddress.objects.create(user=charlie.user, email="c@acme.test")
    with caplog.at_level(logging.WARNING, logger="project.backoffice.recording"):
        post(office, page_of(row), verified="on")
    assert changes() == [] and caplog.records[0].by == root.actor
    Member.objects.create(workspace=alice.workspace, user=root)
    post(office, page_of(row), primary="on")
    (event,) = changes()
    assert event.workspace == alice.workspace
    assert told(event) == ("account.emailaddress", "changed", {"primary": {}})


def test_a_change_that_fails_is_not_in_the_log(office: Client, alice: Person, charlie: Person):
    page = office.post(page_of(alice.workspace), {"name": "Stranger"})
    assert page.status_code == 200
    assert changes() == []
    assert Workspace.objects.filter(name="Acme").exists()
    assert office.get(list_of(Workspace)).status_code == 200
