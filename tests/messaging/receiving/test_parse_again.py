"""`manage.py parse_again`."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from messaging.models import Arrival, Inbox, Message
from messaging.receiving.parsing import MAX_ATTEMPTS, parse_arrival
from project.ids import new_id, spell
from tests.messaging.make import make_arrival, make_inbox, receive
from tests.people import Person

MAIL = b"Subject: Plans\r\n\r\nHello"


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def make_failure(inbox: Inbox) -> Arrival:
    """An arrival that was given up."""
    arrival = make_arrival(inbox, MAIL)
    Arrival.objects.filter(pk=arrival.pk).update(attempts=MAX_ATTEMPTS, problem="ValueError: why")
    assert parse_arrival(arrival.pk)
    arrival.refresh_from_db()
    assert (arrival.state, arrival.problem) == ("failed", "ValueError: why")
    return arrival


def run(*words: str) -> list[str]:
    out = StringIO()
    call_command("parse_again", *words, stdout=out)
    return out.getvalue().splitlines()


def states() -> list[str]:
    return list(Arrival.objects.order_by("id").values_list("state", flat=True))


def test_all_that_failed_are_read_again(inbox: Inbox) -> None:
    receive(inbox, MAIL)
    failures = [make_failure(inbox), make_failure(inbox)]
    *lines, last = run()
    assert [line.split("  ")[0] for line in lines] == [spell("arr", one.pk) for one in failures]
    assert last == "2 will be read again"
    assert states() == ["parsed", "received", "received"]
    Arrival.objects.filter(state="received").update(due_at=timezone.now())
    assert all(parse_arrival(one.pk) for one in failures)
    assert states() == ["parsed"] * 3
    assert set(Message.objects.values_list("subject", flat=True)) == {"Plans"}


def test_a_dry_run_only_says_what_the_trouble_was(inbox: Inbox) -> None:
    arrival = make_failure(inbox)
    assert run("--dry-run") == [
        f"{spell('arr', arrival.pk)}  {arrival}  ValueError: why",
        "1 would be read again",
    ]
    assert states() == ["failed"]
    assert Message.objects.filter(pk=arrival.message_id).exists()


def test_some_are_named_and_the_others_stay(inbox: Inbox) -> None:
    first, second = make_failure(inbox), make_failure(inbox)
    assert run(spell("arr", second.pk))[-1] == "1 will be read again"
    assert states() == ["failed", "received"]
    assert Message.objects.get().pk == first.message_id


def test_a_name_of_none_that_failed_changes_nothing(inbox: Inbox) -> None:
    failed = make_failure(inbox)
    receive(inbox, MAIL)
    parsed = Arrival.objects.exclude(pk=failed.pk).get()
    for id in (
        spell("arr", parsed.pk),
        spell("arr", new_id()),
        spell("msg", failed.pk),
        "nonsense",
    ):
        with pytest.raises(CommandError, match=id):
            run(spell("arr", failed.pk), id)
    assert states() == ["failed", "parsed"]


def test_with_nothing_to_do_it_says_so(inbox: Inbox) -> None:
    receive(inbox, MAIL)
    assert run() == ["0 will be read again"]
