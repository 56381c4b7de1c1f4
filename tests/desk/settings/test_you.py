"""What everybody sets for themselves, and how they get back in."""

from __future__ import annotations

import re

from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from tests.desk.settings.visit import SETTINGS, post, text_of
from tests.make import PASSWORD, make_member
from tests.people import Person

LIST = "/mail/all/inbox"
OFFER = "Protect your sign-in: turn on two-step"


def test_a_person_is_called_something_else(bob: Person):
    page = post(bob.browser, "you", name="Robert")
    assert "Saved." in text_of(page)
    bob.user.refresh_from_db()
    assert bob.user.name == "Robert"


def test_an_auditor_has_the_page_as_well(alice: Person):
    browser = Client()
    browser.force_login(make_member(workspace=alice.workspace, role="auditor"))
    assert post(browser, "you", name="Audrey").status_code == 200


def test_the_other_sessions_end_and_this_one_goes_on(alice: Person, bob: Person):
    here, elsewhere, bobs = alice.browser, alice.browser, bob.browser
    page = post(here, "you/sessions")
    assert "signed out everywhere else" in text_of(page)
    assert here.get(f"{SETTINGS}/you").status_code == 200
    assert elsewhere.get(f"{SETTINGS}/you").status_code == 302
    assert elsewhere.get("/api/v1/messages").status_code == 401
    assert bobs.get(f"{SETTINGS}/you").status_code == 200
    post(here, "you/sessions")
    assert here.get(f"{SETTINGS}/you").status_code == 200


def test_a_second_step_is_offered_until_it_is_declined(alice: Person, bob: Person):
    browser = alice.browser
    assert OFFER in text_of(browser.get(LIST))
    assert OFFER not in text_of(browser.get("/mail/compose"))  # who writes is left in peace
    post(browser, "you/offer")
    assert OFFER not in text_of(browser.get(LIST))
    assert OFFER not in text_of(alice.browser.get(LIST))
    assert OFFER in text_of(bob.browser.get(LIST))


def test_who_declines_goes_on_where_they_were(alice: Person):
    for back, led in (
        ("/mail/outbox?before=", "/mail/outbox?before="),
        ("https://evil.example/", f"{SETTINGS}/you"),
        ("//evil.example/", f"{SETTINGS}/you"),
        ("", f"{SETTINGS}/you"),
    ):
        answer = alice.browser.post(f"{SETTINGS}/you/offer", {"next": back})
        assert answer["Location"] == led


def test_it_is_not_offered_to_who_has_it(alice: Person):
    Authenticator.objects.create(user=alice.user, type=Authenticator.Type.TOTP, data={})
    assert OFFER not in text_of(alice.browser.get(LIST))
    page = text_of(alice.browser.get(f"{SETTINGS}/you"))
    assert "On: signing in takes a code as well." in page


def test_who_forgot_their_password_gets_in_by_mail_once(alice: Person):
    browser = Client()
    assert "/accounts/password/reset/" in browser.get("/accounts/login/").text
    page = browser.post("/accounts/password/reset/", {"email": alice.user.email}, follow=True)
    assert "Look into your mail" in text_of(page)
    letter = mail.outbox[0]
    assert letter.subject == "A new password for Enclose"
    (path,) = re.findall(r"http://[^/]+(/\S+)", letter.body)
    page = browser.get(path, follow=True)
    assert "A new password" in text_of(page)
    new = {
        "password1": "another horse, another staple",
        "password2": "another horse, another staple",
    }
    done = browser.post(page.redirect_chain[-1][0], new, follow=True)
    assert "Your password is new" in text_of(done)
    form = {"login": alice.user.email, "password": "another horse, another staple"}
    assert Client().post("/accounts/login/", form).status_code == 302
    assert Client().post("/accounts/login/", {**form, "password": PASSWORD}).status_code == 200
    assert "This link is over" in text_of(Client().get(path, follow=True))


def test_a_password_is_changed_by_who_knows_it(alice: Person):
    browser = alice.browser
    new = "another horse, another staple"
    form = {"oldpassword": "wrong", "password1": new, "password2": new}
    browser.post("/accounts/password/change/", form)
    alice.user.refresh_from_db()
    assert alice.user.check_password(PASSWORD)
    browser.post("/accounts/password/change/", {**form, "oldpassword": PASSWORD})
    alice.user.refresh_from_db()
    assert alice.user.check_password(new)


def test_nobody_is_written_to_who_has_no_account(db: None):
    page = Client().post("/accounts/password/reset/", {"email": "who@example.com"}, follow=True)
    assert "If there is an account" in text_of(page) and mail.outbox == []
