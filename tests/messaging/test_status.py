"""What has become of a message: told by Python and by the database, always the same."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attachments.models import Attachment
from messaging.models import Delivery, Message, MessageAttachment, Recipient
from messaging.models.message import REACHED, Status
from tests.messaging.make import make_file, make_inbox
from tests.messaging.outbox.steps import many

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
ACTIVE = ("queued", "claimed", "data")

recipients = st.lists(st.sampled_from(Recipient.State.values), min_size=1, max_size=3)
deliveries = st.lists(
    st.tuples(
        st.sampled_from(Delivery.State.values),
        st.sampled_from([-1, 0, 1]),  # due, in hours from now
        st.integers(0, 2),  # attempts
        recipients,
    ),
    max_size=3,
)
files = st.lists(
    st.tuples(st.sampled_from(["reserved", "stored", "ready", "refused", "gone"]), st.booleans()),
    unique_by=lambda file: file[0],
    max_size=3,
)
messages = st.lists(
    st.tuples(st.sampled_from(["outbound", "outbound", "outbound", "inbound"]), deliveries, files),
    min_size=1,
    max_size=10,
)


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


@pytest.fixture
def attachments(inbox):
    """A file in each state."""
    lost = {"blob": None, "gone_at": NOW, "reason_code": "lost"}
    found = {}
    for state in ("reserved", "stored", "ready", "refused", "gone"):
        found[state] = make_file(inbox.workspace, state.encode())
        Attachment.objects.filter(pk=found[state].pk).update(
            state=state, **(lost if state in ("reserved", "gone") else {})
        )
    return found


def write(inbox, attachments, direction, some_deliveries, some_files):
    reached = any({*people} & {*REACHED} for *_, people in some_deliveries)
    message = Message.objects.create(
        workspace=inbox.workspace,
        inbox=inbox,
        direction=direction,
        subject="x",
        sent_at=NOW if reached else None,
    )
    for number, (state, hours, attempts, people) in enumerate(some_deliveries):
        delivery = Delivery.objects.create(
            message=message,
            route=str(number),
            state=state,
            due_at=NOW + timedelta(hours=hours) if state in ACTIVE else None,
            claim=uuid4() if state in ("claimed", "data") else None,
            attempts=attempts,
            deadline=NOW,
        )
        Recipient.objects.bulk_create(
            Recipient(delivery=delivery, email=f"r{n}@b.test", state=one)
            for n, one in enumerate(people)
        )
    MessageAttachment.objects.bulk_create(
        MessageAttachment(
            message=message,
            attachment=attachments[state],
            position=position,
            filename="a",
            in_mail=in_mail,
        )
        for position, (state, in_mail) in enumerate(some_files)
    )
    return message


@pytest.mark.slow
@settings(
    max_examples=many(50, 400),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some=messages)
def test_the_database_tells_the_same_status(inbox, attachments, some):
    with transaction.atomic():
        ids = {write(inbox, attachments, *each).pk for each in some}
        told: dict[Status, set[object]] = {}
        for message in Message.objects.in_full().filter(pk__in=ids):
            told.setdefault(message.status_at(NOW), set()).add(message.pk)
        for status in Status:
            found = Message.objects.with_status(status, at=NOW).values_list("pk", flat=True)
            assert set(found) == told.get(status, set()), status
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("some_deliveries", "some_files", "status"),
    [
        ([], [], "recorded"),
        ([("queued", 1, 0, ["pending"])], [("reserved", True)], "scheduled"),
        ([("queued", -1, 0, ["pending"])], [], "queued"),
        ([("queued", -1, 0, ["pending"])], [("reserved", True)], "waiting"),
        ([("queued", -1, 0, ["pending"])], [("reserved", False)], "queued"),
        ([("waiting", 0, 0, ["pending"])], [("stored", True)], "waiting"),
        ([("claimed", 1, 1, ["pending"])], [], "sending"),
        ([("data", 1, 1, ["pending"])], [], "sending"),
        ([("queued", 1, 1, ["deferred"])], [], "deferred"),
        ([("queued", 1, 1, ["deferred", "unknown"])], [], "unknown"),
        ([("done", 0, 1, ["accepted", "delivered", "complained"])], [], "sent"),
        ([("done", 0, 1, ["accepted", "refused"])], [], "partial"),
        ([("done", 0, 1, ["accepted"]), ("failed", 0, 0, ["refused"])], [], "partial"),
        ([("done", 0, 1, ["refused", "bounced"])], [], "failed"),
        ([("failed", 0, 0, ["refused"])], [("refused", True)], "failed"),
        ([("canceled", 0, 0, ["pending"])], [("reserved", True)], "canceled"),
    ],
)
def test_a_status_is_what_a_person_would_say(
    inbox, attachments, some_deliveries, some_files, status
):
    message = write(inbox, attachments, "outbound", some_deliveries, some_files)
    assert Message.objects.in_full().get(pk=message.pk).status_at(NOW) == status
    assert Message.objects.with_status(status, at=NOW).get() == message


def test_what_is_sent_says_when(inbox, attachments):
    """A reader whom the outbox overtakes between two of its statements."""
    message = write(inbox, attachments, "outbound", [("data", 0, 1, ["pending"])], [])
    read_before = Message.objects.get(pk=message.pk)
    Recipient.objects.update(state="accepted")
    Delivery.objects.update(state="done", claim=None, due_at=None)
    Message.objects.update(sent_at=NOW)
    assert (read_before.status_at(NOW), read_before.sent_at) == ("sending", None)
    read_again = Message.objects.get(pk=message.pk)
    assert (read_again.status_at(NOW), read_again.sent_at) == ("sent", NOW)
