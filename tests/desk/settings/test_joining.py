"""The page behind an invitation's link."""

from __future__ import annotations

from django.test import Client

from project.tenancy.models import Invitation, Member, User
from tests.desk.settings.visit import errors_at, text_of
from tests.make import PASSWORD
from tests.people import Person
from tests.workspaces.make import invite, path_of


def test_somebody_new_chooses_a_password_and_is_in(alice: Person):
    path = path_of(invite(alice, role="auditor"))
    browser = Client()
    page = browser.get(path)
    assert "alice invites you" in text_of(page) and "no-store" in page["Cache-Control"]
    answer = browser.post(path, {"name": "Dora", "password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/mail/")
    dora = User.objects.get(email="dora@example.com")
    assert browser.session["_auth_user_id"] == str(dora.pk)
    assert Member.objects.get(user=dora).role == "auditor"
    form = {"login": "dora@example.com", "password": PASSWORD}
    assert Client().post("/accounts/login/", form).status_code == 302


def test_a_link_that_was_used_lets_nobody_in(alice: Person):
    path = path_of(invite(alice))
    Client().post(path, {"name": "", "password": PASSWORD})
    browser = Client()
    for answer in (browser.get(path), browser.post(path, {"password": "another, and longer"})):
        assert answer.status_code == 410 and "This invitation is over" in text_of(answer)
    assert "_auth_user_id" not in browser.session
    assert User.objects.get(email="dora@example.com").check_password(PASSWORD)


def test_a_link_that_is_wrong_is_answered_like_one_that_is_over(alice: Person):
    path = path_of(invite(alice))
    for wrong in (path[:-1], f"{path}0", "/mail/join/x"):
        assert Client().get(wrong).status_code == 410


def test_looking_at_the_link_does_not_use_it(alice: Person):
    path = path_of(invite(alice))
    for _ in range(2):  # as a mail scanner would
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert Invitation.objects.count() == 1


def test_a_weak_password_is_said_at_its_field_and_leaves_the_link_good(alice: Person):
    path = path_of(invite(alice))
    refused = Client().post(path, {"name": "Dora", "password": "short"})
    assert refused.status_code == 422 and "too short" in errors_at(refused, "password")
    assert "short" not in refused.text.partition('name="password"')[2].partition(">")[0]
    assert Client().post(path, {"password": PASSWORD}).status_code == 302


def test_who_has_an_account_signs_in_with_it_and_joins(alice: Person, charlie: Person):
    path = path_of(invite(alice, charlie.user.email))
    page = Client().get(path)
    assert f"/accounts/login/?next={path}" in page.text
    assert 'name="password"' not in page.text
    browser = charlie.browser
    assert "Choose a password" not in text_of(browser.get(path))
    answer = browser.post(path)
    assert answer.status_code == 302
    assert alice.workspace.memberships.filter(user=charlie.user, role="member").exists()
    assert browser.session["workspace_id"] == alice.workspace.pk.hex


def test_the_password_of_an_account_is_not_set_by_a_link(alice: Person, charlie: Person):
    path = path_of(invite(alice, charlie.user.email))
    browser = Client()
    browser.post(path, {"name": "Mallory", "password": "another, and longer"})
    charlie.user.refresh_from_db()
    assert charlie.user.check_password(PASSWORD) and "_auth_user_id" not in browser.session
    assert Invitation.objects.count() == 1


def test_who_is_signed_in_as_somebody_else_does_not_join(alice: Person, charlie: Person):
    path = path_of(invite(alice))
    browser = charlie.browser
    assert "You are signed in as charlie@acme.test" in text_of(browser.get(path))
    browser.post(path, {"name": "", "password": PASSWORD})
    assert not User.objects.filter(email="dora@example.com").exists()
    assert alice.workspace.memberships.count() == 1


def test_joining_needs_the_token_of_the_form(alice: Person):
    path = path_of(invite(alice))
    answer = Client(enforce_csrf_checks=True).post(path, {"password": PASSWORD})
    assert answer.status_code == 403 and Invitation.objects.count() == 1


def test_a_new_password_by_mail_is_no_way_around_the_link(alice: Person, mailoutbox):
    invite(alice)
    mailoutbox.clear()
    Client().post("/accounts/password/reset/", {"email": "dora@example.com"})
    assert mailoutbox == []
