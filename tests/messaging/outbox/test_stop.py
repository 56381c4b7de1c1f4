"""A worker that is asked to stop: nothing is begun, nothing is lost, nothing is sent twice."""

from __future__ import annotations

import pytest

from messaging.models import Delivery
from messaging.outbox import drain
from messaging.outbox.drain import deliver_due
from tests.messaging.make import delivery_of, make_file, make_message, outcomes
from tests.messaging.outbox.steps import history_of, kept_of, state_of, worker
from tests.services.servers import wait_until
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"


def hold(at, **words):
    return Rule(at=at, hold=True, times=1, **words)


def begin_anew():
    drain.stopping.clear()
    deliver_due()


def given_back():
    return not Delivery.objects.filter(state__in=("claimed", "data")).exists()


def test_a_mail_whose_body_is_under_way_is_given_back(inbox, relay):
    message = make_message(inbox, files=[make_file(inbox.workspace, bytes(12 * 1024 * 1024))])
    relay.set_rules(hold("body", after=100_000))
    with worker(relay, deliver_due):
        relay.wait_held("body")
        drain.stop()
        wait_until(given_back, what="giving back")
        assert (state_of(message), delivery_of(message).attempts) == ("queued", 0)
        relay.release("body")
    assert relay.kept == []
    relay.set_rules()
    begin_anew()
    assert [mail.size for mail in kept_of(relay, message)] == [message.size]
    assert history_of(message) == [(1, "accepted")]


def test_it_waits_for_the_reply_to_a_dot(inbox, relay):
    message = make_message(inbox)
    relay.set_rules(hold("kept"))
    with worker(relay, deliver_due):
        relay.wait_held("kept")
        drain.stop()
        assert state_of(message) == "data"
        relay.release("kept")
    assert outcomes(message) == {ANN: "accepted"}
    assert (state_of(message), history_of(message)) == ("done", [(1, "accepted")])
    begin_anew()
    assert len(relay.kept) == 1


@pytest.mark.parametrize("deed", [{"reply": "451 Later"}, {"drop": "close"}])
def test_it_puts_down_whatever_the_reply_is(inbox, relay, deed):
    message = make_message(inbox)
    relay.set_rules(hold("dot"), Rule(at="dot", **deed))
    with worker(relay, deliver_due):
        relay.wait_held("dot")
        drain.stop()
        relay.release("dot")
    expected = "deferred" if "reply" in deed else "unknown"
    assert outcomes(message) == {ANN: expected}
    assert history_of(message) == [(1, expected)]


def test_what_waits_behind_a_dot_is_given_back(inbox, relay, one_connection):
    """On the wire its envelope may stand already; its dot does not."""
    first, *others = [make_message(inbox) for _ in range(5)]
    relay.set_rules(hold("kept"))
    with worker(relay, deliver_due):
        relay.wait_held("kept")
        drain.stop()
        wait_until(lambda: Delivery.objects.filter(state="queued").count() == 4, what="giving back")
        relay.release("kept")
    assert [mail.message_id for mail in relay.kept] == [first.rfc_message_id]
    assert outcomes(first) == {ANN: "accepted"}
    assert {delivery_of(other).attempts for other in others} == {0}
    relay.set_rules()
    begin_anew()
    assert [len(kept_of(relay, other)) for other in others] == [1] * 4


def test_it_begins_nothing_once_it_is_asked_to_stop(inbox, relay):
    message = make_message(inbox)
    drain.stop()
    deliver_due()
    assert relay.transactions == []
    assert state_of(message) == "queued"
    begin_anew()
    assert len(relay.kept) == 1


def test_it_stops_while_nothing_is_going_on(inbox, relay):
    deliver_due()
    drain.stop()
    deliver_due()
    assert relay.connections == 0
