"""Two writers of one draft at the same time, on real threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from attachments.errors import AttachmentInUse, AttachmentNotFound
from attachments.retention import delete_attachment
from drafts.errors import AlreadyAttached, DraftNotFound, VersionConflict
from drafts.services import (
    attach_files,
    delete_draft,
    send_draft,
    unsend_draft,
    update_draft,
)
from messaging.enclosures import Enclosure
from messaging.errors import TooLate
from messaging.models import Delivery, Message
from messaging.outbox.claim import claim, start_data
from messaging.outbox.sweep import fail_hopeless
from project.errors import Refusal
from tests.drafts.make import again, limits_of, make_draft
from tests.messaging.make import make_file, make_reservation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.every_case]


@pytest.fixture(params=range(6), autouse=True)
def turn(request: pytest.FixtureRequest) -> Any:
    """Each race is run several times."""
    return request.param


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What each job gives, or the refusal that it raises, all started at the same moment."""
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        try:
            barrier.wait(timeout=20)
            return job()
        except Refusal as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, job) for job in jobs]]


def kinds(answers: list[Any]) -> list[str]:
    return sorted(type(answer).__name__ for answer in answers)


def test_of_two_writes_on_one_version_one_wins(alice, inbox):
    draft = make_draft(inbox)
    answers = at_once(
        *(
            lambda name=name: update_draft(
                draft=again(draft), limits=limits_of(draft), expected=1, subject=name
            )
            for name in ("a", "b")
        )
    )
    assert kinds(answers) == ["Draft", "VersionConflict"]
    won = next(one for one in answers if not isinstance(one, VersionConflict))
    assert (again(draft).subject, again(draft).version) == (won.subject, 2)


def test_writes_that_name_no_version_all_stand(alice, inbox):
    draft = make_draft(inbox)
    limits = limits_of(draft)
    answers = at_once(
        lambda: update_draft(draft=again(draft), limits=limits, subject="New"),
        lambda: update_draft(draft=again(draft), limits=limits, text="New"),
        lambda: update_draft(draft=again(draft), limits=limits, tags=["new"]),
    )
    assert kinds(answers) == ["Draft"] * 3
    now = again(draft)
    assert (now.subject, now.text, now.tags, now.version) == ("New", "New", ["new"], 4)


def test_a_file_attached_twice_at_once_is_attached_once(alice, inbox):
    draft, file = make_draft(inbox), make_file(alice.workspace)
    job = lambda: attach_files(  # noqa: E731
        draft=again(draft), enclosures=[Enclosure(file)], limits=limits_of(draft)
    )
    answers = at_once(job, job)
    assert kinds(answers) == ["AlreadyAttached", "Draft"]
    assert any(isinstance(answer, AlreadyAttached) for answer in answers)
    assert len(again(draft).files) == 1


def test_sent_twice_at_once_it_leaves_once(alice, inbox):
    draft = make_draft(inbox)
    job = lambda: send_draft(draft=again(draft), limits=limits_of(draft))  # noqa: E731
    assert kinds(at_once(job, job, job)) == ["Draft", "DraftDispatched", "DraftDispatched"]
    assert Message.objects.count() == 1


def test_an_edit_and_a_send_never_send_half_of_each(alice, inbox):
    draft = make_draft(inbox, subject="Old", text="Old")
    limits = limits_of(draft)
    at_once(
        lambda: update_draft(draft=again(draft), limits=limits, subject="New", text="New"),
        lambda: send_draft(draft=again(draft), limits=limits),
    )
    message = Message.objects.get()
    assert message.subject == message.text


def test_undo_against_the_worker_leaves_one_of_both(alice, inbox):
    draft = make_draft(inbox)
    sent = send_draft(draft=draft, limits=limits_of(draft), undo_seconds=60)
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    undone, passed = at_once(lambda: unsend_draft(draft=sent), lambda: start_data(claim(limit=10)))
    assert isinstance(undone, TooLate) == bool(passed)
    assert Message.objects.exists() == bool(passed)


def test_an_edit_against_the_sweep_that_fails_it_ends_well(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    limits = limits_of(draft)
    draft = send_draft(draft=draft, limits=limits)
    Delivery.objects.update(deadline=timezone.now() - timedelta(hours=1))
    edited, _ = at_once(
        lambda: update_draft(draft=again(draft), limits=limits, subject="New"),
        fail_hopeless,
    )
    assert edited.subject == again(draft).subject == "New"
    now = again(draft)
    assert (now.message is None) == (now.error is not None)


def test_a_file_is_attached_or_deleted_never_both(alice, inbox):
    draft, file = make_draft(inbox), make_file(alice.workspace)
    attached, deleted = at_once(
        lambda: attach_files(
            draft=again(draft), enclosures=[Enclosure(file)], limits=limits_of(draft)
        ),
        lambda: delete_attachment(attachment=file),
    )
    assert isinstance(attached, AttachmentNotFound) != isinstance(deleted, AttachmentInUse)


def test_a_draft_that_is_deleted_meanwhile_is_not_written(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    read = again(draft)
    updated, deleted = at_once(
        lambda: update_draft(draft=read, limits=limits_of(draft), subject="New"),
        lambda: delete_draft(draft=again(draft)),
    )
    assert deleted is None
    assert isinstance(updated, DraftNotFound) or updated.subject == "New"
    with pytest.raises(DraftNotFound):
        update_draft(draft=read, limits=limits_of(draft), subject="New")
