"""Drafts to people whom the workspace does not write to any more."""

from __future__ import annotations

import pytest

from messaging.addresses import Address
from messaging.models import Message
from messaging.suppressions import suppress, unsuppress
from tests.drafts.make import ANN, again, error_of, make_draft, url_of

BO = Address("bo@example.com")


@pytest.fixture
def draft(inbox):
    return make_draft(inbox, to=[ANN], cc=[BO])


def findings(api, draft):
    body = api.get(url_of(draft, "check")).json()
    found = [one for one in body["findings"] if "suppressed" in one["code"]]
    return body["ok"], found


def test_nothing_is_found_where_nobody_is_suppressed(alice, draft, charlie):
    suppress(workspace=charlie.workspace, email=BO.email)
    assert findings(alice.api, draft) == (True, [])


def test_one_of_several_is_a_warning_and_the_others_get_it(alice, inbox, draft):
    suppress(workspace=inbox.workspace, email=BO.email, reason="complaint")
    ok, (finding,) = findings(alice.api, draft)
    assert ok
    assert finding == {
        "code": "suppressed_recipient",
        "severity": "warning",
        "message": "bo@example.com will not get it. "
        "This address gets no mail: its reader complained.",
        "field": "cc[0]",
        "actual": "bo@example.com",
    }
    assert alice.api.post(url_of(draft, "send")).status_code == 202
    states = {one.email: one.state for one in Message.objects.get().recipients}
    assert states == {ANN.email: "pending", BO.email: "suppressed"}


def test_all_of_them_are_an_error_and_it_stays_open(alice, inbox, draft):
    for one in (ANN, BO):
        suppress(workspace=inbox.workspace, email=one.email, reason="hard_bounce")
    ok, (finding,) = findings(alice.api, draft)
    assert not ok
    assert (finding["code"], finding["severity"]) == ("all_recipients_suppressed", "error")
    assert ANN.email in finding["message"] and BO.email in finding["message"]
    answer = alice.api.post(url_of(draft, "send"))
    assert answer.status_code == 422
    assert error_of(answer)["code"] == "check_failed"
    assert "mail to it bounced for good" in error_of(answer)["message"]
    assert again(draft).message is None and not Message.objects.exists()


def test_lifting_it_lets_it_go(alice, inbox):
    draft = make_draft(inbox)
    one, _ = suppress(workspace=inbox.workspace, email=ANN.email)
    assert alice.api.post(url_of(draft, "send")).status_code == 422
    unsuppress(suppression=one)
    assert alice.api.post(url_of(draft, "send")).status_code == 202


def test_what_only_marketing_must_not_send_is_sent(alice, inbox):
    draft = make_draft(inbox)
    suppress(workspace=inbox.workspace, email=ANN.email, applies_to="non_transactional")
    assert findings(alice.api, draft) == (True, [])
    assert alice.api.post(url_of(draft, "send")).status_code == 202


def test_a_scheduled_one_that_is_changed_says_that_it_will_not_be_sent(alice, inbox):
    draft = make_draft(inbox)
    when = {"send_at": "2999-01-01T00:00:00Z"}
    assert alice.api.post(url_of(draft, "send"), when).status_code in (202, 422)
    soon = alice.api.post(url_of(draft, "send"), {"undo_seconds": 600})
    assert soon.status_code == 202
    suppress(workspace=inbox.workspace, email=ANN.email)
    body = alice.api.patch(url_of(draft), {"subject": "Other"}).json()
    assert (body["state"], body["subject"]) == ("open", "Other")
    assert ANN.email in body["error"]["message"]


def test_a_note_is_for_nobody(alice, inbox):
    draft = make_draft(inbox, channel="note")
    suppress(workspace=inbox.workspace, email=ANN.email)
    assert findings(alice.api, draft) == (True, [])
