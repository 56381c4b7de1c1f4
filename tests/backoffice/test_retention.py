"""What operators see of what goes by itself, before it goes and after."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attachments import retention as files
from attachments.errors import StorageUnavailable
from attachments.models import Attachment, Blob, Upload
from attachments.retention import FILES
from attachments.storage import attachment_storage
from messaging.models import Delivery, Message, Recipient
from messaging.trash import KEPT, TRASH
from project.backoffice.retention import RULES, ask_for_run, first_of, outlook
from project.backoffice.tasks import work_off
from project.celery import app
from project.events.models import Event, RetentionRun, WebhookDelivery
from project.events.retention import RUNS_KEPT, Rule, follow
from project.tenancy.models import IdempotencyRecord
from tests.backoffice.people import browser_of, make_officer, page_of
from tests.drafts.make import make_draft
from tests.events.make import make_endpoint, make_events
from tests.messaging.make import make_file, make_inbox, make_message, make_reservation
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def due_file(person: Person, content: bytes, *, ago: timedelta = HOUR) -> Attachment:
    file = make_file(person.workspace, content)
    Attachment.objects.filter(pk=file.pk).update(expires_at=timezone.now() - ago)
    return file


def trashed(person: Person, *, ago: timedelta = KEPT + HOUR) -> Message:
    """A message that has left, in the trash for so long."""
    message = make_message(make_inbox(person.workspace))
    done(message)
    Message.objects.filter(pk=message.pk).update(trashed_at=timezone.now() - ago)
    return message


def done(message: Message) -> None:
    deliveries = Delivery.objects.filter(message=message)
    deliveries.update(state="done", due_at=None, done_at=timezone.now())
    Recipient.objects.filter(delivery__message=message).update(state="accepted")


def fill(person: Person) -> None:
    """Of every rule a row that goes, one that goes within a day, and one that stays."""
    now, workspace = timezone.now(), person.workspace
    needed = due_file(person, b"needed")
    make_draft(make_inbox(workspace), files=[needed])
    Attachment.objects.filter(pk=needed.pk).update(expires_at=now - HOUR)
    for number, ahead in enumerate((-HOUR, HOUR, 9 * DAY)):
        due_file(person, b"file" * (number + 1), ago=-ahead)
        upload = make_reservation(workspace)
        Upload.objects.create(attachment=upload, offset=5, expires_at=now + ahead)
        loose = make_file(workspace, b"loose" * (number + 1))
        Attachment.objects.filter(pk=loose.pk).delete()
        Blob.objects.filter(pk=loose.blob_id).update(sweep_at=now + ahead)
        trashed(person, ago=KEPT - ahead)
        message = make_message(make_inbox(workspace))
        done(message)
        Message.objects.filter(pk=message.pk).update(files_until=now + ahead)
        IdempotencyRecord.objects.create(
            workspace=workspace,
            door="native",
            key=str(number),
            fingerprint="0" * 64,
            lease_until=now,
            expires_at=now + ahead,
        )
    waiting = make_message(make_inbox(workspace))  # it may still leave
    Message.objects.filter(pk=waiting.pk).update(files_until=now, trashed_at=now - 2 * KEPT)
    endpoint = make_endpoint(workspace)
    events = make_events(
        workspace, "message.sent", "message.failed", "message.sent", "message.sent"
    )
    for event, ahead in zip(events[:3], (-HOUR, HOUR, 9 * DAY), strict=True):
        WebhookDelivery.objects.create(
            endpoint=endpoint,
            event=event,
            kind=event.kind,
            state="delivered",
            created_at=now + ahead - KEPT,
        )
    WebhookDelivery.objects.create(  # it is still to be told
        endpoint=endpoint,
        event=events[3],
        kind="message.sent",
        due_at=now,
        created_at=now - 2 * KEPT,
    )


def all_of(rule: Rule) -> set[UUID]:
    """The rows in which a rule can find anything, read past it."""
    model: type[models.Model] = rule.rows(timezone.now()).model
    rows = model._base_manager.all()
    if model is Attachment:
        rows = rows.exclude(state="gone")
    if rule.name == "sent":
        rows = rows.filter(files_released_at__isnull=True)
    return set(rows.values_list("pk", flat=True))


@pytest.fixture
def browser(alice: Person) -> Client:
    return browser_of(make_officer("operator", alice.workspace))


def page(client: Client, query: str = ""):
    return client.get(f"{reverse('admin:retention')}{query}")


def run(client: Client, rule: Rule, reason: str = "The disk is full.", query: str = ""):
    url = f"{reverse('admin:retention_run', args=[rule.name])}{query}"
    return client.post(url, {"reason": reason})


@pytest.mark.parametrize("name", RULES)
def test_what_is_named_is_exactly_what_goes(alice: Person, name: str):
    fill(alice)
    rule, now, before = RULES[name], timezone.now(), all_of(RULES[name])
    named = {row.pk for row in first_of(rule, at=now, workspaces=None)}
    told = outlook(rule, at=now, workspaces=None)
    assert all_of(rule) == before  # looking has changed nothing
    assert follow(rule, at=now) == len(named) == told.rows == 1
    assert before - all_of(rule) == named
    (recorded,) = RetentionRun.objects.filter(rule=name)
    assert (recorded.rows, recorded.bytes) == (1, told.bytes)
    assert (recorded.workspace, recorded.error) == (alice.workspace, "")


@pytest.mark.parametrize("name", RULES)
def test_what_goes_within_a_day_is_told_beside_it(alice: Person, name: str):
    fill(alice)
    told = outlook(RULES[name], at=timezone.now(), workspaces=None)
    assert (told.rows, told.rows_soon, len(told.first)) == (1, 2, 2)
    assert told.bytes_soon >= told.bytes
    assert bool(told.bytes) == bool(RULES[name].bytes_at)


def test_the_page_leads_to_what_goes(browser: Client, alice: Person):
    fill(alice)
    html = page(browser).content.decode()
    for rule in RULES.values():
        (row, *_) = first_of(rule, at=timezone.now(), workspaces=None)
        assert f'href="{page_of(row)}"' in html, rule.name
        assert browser.get(page_of(row)).status_code == 200
        assert rule.words in html.replace("&#x27;", "'")


def test_an_operator_sees_and_takes_nothing_of_another_workspace(
    alice: Person, charlie: Person, browser: Client
):
    hers, his = due_file(alice, b"hers"), due_file(charlie, b"his")
    (told, *_) = page(browser).context["outlooks"]
    assert [row.pk for row in told.first] == [hers.pk]
    assert page(browser, f"?workspace={charlie.workspace.pk}").status_code == 404
    query = f"?workspace={charlie.workspace.pk}"
    assert run(browser, FILES, query=query).status_code == 404
    run(browser, FILES)
    work_off()
    states = dict(Attachment.objects.values_list("pk", "state"))
    assert states == {hers.pk: "gone", his.pk: "ready"}
    follow(FILES, at=timezone.now())
    seen = {one.workspace_id for one in page(browser).context["runs"]}
    assert seen == {alice.workspace.pk}
    assert RetentionRun.objects.filter(workspace=charlie.workspace).exists()


def test_who_operates_everything_looks_at_one_workspace(alice: Person, charlie: Person):
    due_file(alice, b"hers")
    his = due_file(charlie, b"his")
    client = browser_of(make_officer("operator", None))
    (all_told, *_) = page(client).context["outlooks"]
    (told, *_) = page(client, f"?workspace={charlie.workspace.pk}").context["outlooks"]
    assert (all_told.rows, [row.pk for row in told.first]) == (2, [his.pk])


def test_a_rule_is_followed_at_once_for_a_reason(browser: Client, alice: Person):
    file = due_file(alice, b"hers")
    assert run(browser, FILES, reason=" ").context["lacks_reason"]
    assert not RetentionRun.objects.exists()
    run(browser, FILES)
    file.refresh_from_db()
    assert file.state == "ready"  # the workers do it
    work_off()
    file.refresh_from_db()
    assert file.state == "gone"
    done_run = RetentionRun.objects.get()
    assert (done_run.rows, done_run.bytes, done_run.reason) == (1, 4, "The disk is full.")
    event = Event.objects.get(kind="workspace.handled")
    assert event.payload == {"action": "let_go", "rule": "files", "reason": "The disk is full."}
    assert (event.subject_id, event.actor) == (alice.workspace.pk, done_run.actor)
    assert Event.objects.get(kind="attachment.expired").actor == done_run.actor


def test_an_auditor_looks_and_runs_nothing(alice: Person):
    file = due_file(alice, b"hers")
    client = browser_of(make_officer("auditor", alice.workspace))
    answer = page(client)
    assert answer.context["outlooks"][0].rows == 1
    assert "Run now" not in answer.content.decode()
    assert run(client, FILES).status_code == 403
    work_off()
    file.refresh_from_db()
    assert file.state == "ready"


def test_a_run_that_fails_is_shown_and_costs_its_workspace_alone(
    alice: Person, charlie: Person, browser: Client, monkeypatch
):
    due_file(alice, b"hers")
    his = trashed(charlie)
    hers = trashed(alice)

    def take(at, workspaces):
        if workspaces == {alice.workspace.pk}:
            raise StorageUnavailable
        return TRASH.take(at, workspaces)

    broken = Rule(**{**vars(TRASH), "take": take})
    follow(broken, at=timezone.now())
    left = set(Message.objects.values_list("pk", flat=True))
    assert hers.pk in left and his.pk not in left
    assert "failed: StorageUnavailable" in page(browser).content.decode()
    failed = RetentionRun.objects.get(workspace=alice.workspace)
    assert (failed.rows, failed.error) == (0, "StorageUnavailable")


def test_a_run_that_a_dead_worker_left_is_done_by_another(alice: Person):
    file = due_file(alice, b"hers")
    operator = make_officer("operator", alice.workspace)
    ask_for_run(rule=FILES, workspaces=None, reason="full", user=operator)
    RetentionRun.objects.update(due_at=timezone.now() + HOUR)  # claimed
    work_off()
    file.refresh_from_db()
    assert file.state == "ready"
    RetentionRun.objects.update(due_at=timezone.now() - HOUR)
    work_off()
    file.refresh_from_db()
    assert (file.state, RetentionRun.objects.get().rows) == ("gone", 1)


def test_only_the_newest_runs_are_kept(alice: Person):
    now = timezone.now()
    RetentionRun.objects.bulk_create(
        RetentionRun(rule="files", workspace=alice.workspace, rows=1, started_at=now, ended_at=now)
        for _ in range(RUNS_KEPT + 5)
    )
    due_file(alice, b"hers")
    follow(FILES, at=timezone.now())
    runs = RetentionRun.objects.order_by("pk")
    assert runs.count() == RUNS_KEPT
    assert runs.last().bytes == 4


def test_a_run_that_takes_nothing_is_not_recorded(alice: Person):
    due_file(alice, b"hers", ago=-HOUR)
    follow(FILES, at=timezone.now())
    assert not RetentionRun.objects.exists()


def test_the_bytes_go_with_the_file_and_no_others(alice: Person):
    file = due_file(alice, b"hers")
    loose = make_file(alice.workspace, b"loose")
    Attachment.objects.filter(pk=loose.pk).delete()
    Blob.objects.filter(pk=file.blob_id).update(sweep_at=None)  # its hour of grace is over
    Blob.objects.filter(pk=loose.blob_id).update(sweep_at=timezone.now() - HOUR)
    files.purge_expired(at=timezone.now(), workspaces=frozenset([alice.workspace.pk]))
    assert not attachment_storage().exists(file.blob.key)
    assert attachment_storage().exists(loose.blob.key)


def test_the_clock_takes_what_every_rule_names(alice: Person):
    fill(alice)
    app.loader.import_default_modules()
    ticking = {entry["task"] for entry in app.conf.beat_schedule.values()}
    for task in sorted(RETAINING & ticking):
        app.tasks[task]()
    assert set(RetentionRun.objects.values_list("rule", flat=True)) == set(RULES)


RETAINING = {
    "attachments.tasks.purge_attachments",
    "messaging.tasks.empty_trash",
    "messaging.tasks.let_go",
    "project.events.tasks.forget_webhook_deliveries",
    "project.events.tasks.forget_idempotency_keys",
}


INDEXES = {
    "files": ["attachment_expiry"],
    "uploads": ["upload_expiry"],
    "bytes": ["blob_sweep", "blob_doomed"],
    "sent": ["message_files_until"],
    "trash": ["message_trash"],
    "told": ["webhook_delivery_oldest"],
    "answers": ["tenancy_idempotencyrecord_expires_at"],
}


@pytest.mark.every_case
@pytest.mark.parametrize("name", RULES)
def test_an_index_leads_to_what_goes(alice: Person, name: str):
    rows = RULES[name].going(timezone.now(), None).order_by()
    with transaction.atomic():
        if connection.vendor == "postgresql":  # which reads small tables as it likes
            Blob.objects.bulk_create(
                Blob(workspace=alice.workspace, sha256=f"{number:064x}", size=1, encoding="7bit")
                for number in range(500)
            )
            connection.cursor().execute("ANALYZE attachments_blob")
            connection.cursor().execute("SET LOCAL enable_seqscan = off")
        plan = rows.explain()
    assert [index for index in INDEXES[name] if index not in plan] == [], plan


def test_the_command_counts_and_names_and_touches_nothing(alice: Person, charlie: Person):
    file = due_file(alice, b"hers")
    out = StringIO()
    call_command("retention", rows=5, stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("files    now 1 rows, 4 bytes; within a day 1 rows, 4 bytes.")
    assert lines[1].split()[0] == str(file.pk)
    out = StringIO()
    call_command("retention", workspace=str(charlie.workspace.pk), stdout=out)
    assert out.getvalue().startswith("files    now 0 rows, 0 bytes")
    with pytest.raises(CommandError):
        call_command("retention", workspace="nobody")
    file.refresh_from_db()
    assert file.state == "ready"
