"""Drafts in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from drafts.models import DraftState
from drafts.services import send_draft
from tests.drafts.make import limits_of, make_draft
from tests.make import make_user
from tests.messaging.make import make_file

URL = "/admin/drafts/draft/"


@pytest.fixture
def operator(db) -> Client:
    client = Client()
    client.force_login(make_user(is_staff=True, is_superuser=True))
    return client


def test_it_lists_and_finds_drafts(operator, alice, inbox):
    draft = make_draft(inbox, subject="Needle", files=[make_file(alice.workspace)])
    make_draft(inbox, subject="Hay")
    page = operator.get(URL, {"q": "needle"}).content.decode()
    assert "Needle" in page
    assert "Hay" not in page
    page = operator.get(f"{URL}{draft.pk}/change/").content.decode()
    assert "a.pdf" in page


@pytest.mark.parametrize("state", DraftState.values)
def test_it_filters_by_state(operator, alice, inbox, state):
    make_draft(inbox, subject="Open one")
    sent = make_draft(inbox, subject="Sent one")
    send_draft(draft=sent, limits=limits_of(sent))
    page = operator.get(URL, {"state": state}).content.decode()
    assert ("Open one" in page) == (state == "open")
    assert ("Sent one" in page) == (state == "dispatched")


def test_nothing_can_be_changed(operator, inbox):
    draft = make_draft(inbox)
    assert operator.post(f"{URL}{draft.pk}/change/", {"subject": "x"}).status_code == 403
    assert operator.get(f"{URL}add/").status_code == 403
    assert operator.post(f"{URL}{draft.pk}/delete/", {"post": "yes"}).status_code == 403
