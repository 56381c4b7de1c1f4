"""Members in the settings: asked in, given roles, taken out."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail

from project.ids import spell
from project.tenancy.models import Invitation, Member
from tests.desk.settings.visit import SETTINGS, errors_at, post, text_of
from tests.make import make_member
from tests.people import Person
from tests.workspaces.make import invite, path_of, token_of


def id_of(person: Person) -> str:
    return spell("mbr", Member.objects.get(user=person.user).pk)


def test_the_list_tells_roles_and_who_has_a_second_step(
    alice: Person, bob: Person, charlie: Person
):
    Authenticator.objects.create(user=bob.user, type=Authenticator.Type.TOTP, data={})
    recovery = Authenticator.Type.RECOVERY_CODES
    Authenticator.objects.create(user=alice.user, type=recovery, data={})
    page = text_of(alice.browser.get(f"{SETTINGS}/members"))
    assert "bob bob@acme.test; two-step sign-in on" in page
    assert "alice (you) alice@acme.test; two-step sign-in off" in page
    assert "charlie" not in page


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_written_and_its_link_shown_this_once(alice: Person):
    browser = alice.browser
    page = post(browser, "members", email="Dora@example.com", role="auditor")
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.role) == ("dora@example.com", "auditor")
    assert f"{path_of(invitation)}" in page.text and "hand this link over" in text_of(page)
    assert token_of(invitation) in mail.outbox[0].body
    later = browser.get(f"{SETTINGS}/members")
    assert token_of(invitation) not in later.text
    assert "dora@example.com auditor By alice@acme.test" in text_of(later)


def test_with_a_mail_server_it_says_that_a_mail_is_on_its_way(alice: Person, settings):
    settings.SMTP_URL = "smtp://mail.example.com"
    page = post(alice.browser, "members", email="dora@example.com", role="member")
    assert "A mail with this link is on its way" in text_of(page)


def test_the_link_is_shown_again_and_renewed_on_request(alice: Person):
    invitation = invite(alice)
    at = f"members/invitations/{spell('inv', invitation.pk)}"
    token = token_of(invitation)
    assert token in post(alice.browser, f"{at}/link").text
    page = post(alice.browser, f"{at}/renew")
    invitation.refresh_from_db()
    assert token_of(invitation) in page.text and token not in page.text
    page = post(alice.browser, f"{at}/withdraw")
    assert "is taken back" in text_of(page) and not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("email", "words"), [("", "required"), ("nonsense", "valid"), ("BOB@acme.test", "member")]
)
def test_what_is_wrong_is_said_at_the_field(alice: Person, bob: Person, email: str, words: str):
    page = post(alice.browser, "members", email=email, role="member")
    assert page.status_code == 422 and words in errors_at(page, "email")
    assert not Invitation.objects.exists() and mail.outbox == []


def test_a_role_is_given(alice: Person, bob: Person):
    page = post(alice.browser, f"members/{id_of(bob)}/role", role="operator")
    assert "bob@acme.test is now operator." in text_of(page)
    assert bob.browser.get(f"{SETTINGS}/keys").status_code == 200
    page = post(alice.browser, f"members/{id_of(bob)}/role", role="king")
    assert "no such role" in text_of(page)
    assert Member.objects.get(user=bob.user).role == "operator"


def test_the_last_owner_stays(alice: Person, bob: Person):
    for path, fields in (("role", {"role": "member"}), ("remove", {})):
        page = post(alice.browser, f"members/{id_of(alice)}/{path}", **fields)
        assert page.status_code == 200 and "is the last owner" in text_of(page)
    assert Member.objects.get(user=alice.user).role == "owner"


def test_removing_is_asked_for_and_shuts_out_at_once(alice: Person, bob: Person):
    browser = bob.browser
    assert browser.get(f"{SETTINGS}/you").status_code == 200
    path = f"members/{id_of(bob)}/remove"
    assert "API keys belong to the workspace" in text_of(alice.browser.get(f"{SETTINGS}/{path}"))
    page = post(alice.browser, path)
    assert "bob@acme.test is no longer in Acme." in text_of(page)
    assert browser.get(f"{SETTINGS}/you").status_code == 403


def test_an_operator_sees_owners_without_a_way_to_change_them(alice: Person, bob: Person):
    operator = make_member(workspace=alice.workspace, role="operator")
    for_owner = invite(alice, role="owner")
    browser = type(alice.browser)()
    browser.force_login(operator)
    page = browser.get(f"{SETTINGS}/members").text
    assert id_of(bob) in page and id_of(alice) not in page
    assert spell("inv", for_owner.pk) not in page and 'value="owner"' not in page
    at = f"{SETTINGS}/members/invitations/{spell('inv', for_owner.pk)}"
    for deed in ("link", "renew", "withdraw"):
        answer = browser.post(f"{at}/{deed}")
        assert answer.status_code == 403 and token_of(for_owner) not in answer.text
    refused = post(browser, "members", email="eve@example.com", role="owner")
    assert refused.status_code == 422 and errors_at(refused, "role")
    assert Invitation.objects.get() == for_owner
