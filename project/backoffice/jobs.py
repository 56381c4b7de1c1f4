"""Doing a deed to many rows: each once, whatever becomes of the worker.

A row's outcome is written in the transaction of the deed, on the condition that it has none yet.
So a worker that dies costs a lease, and two workers at one job do each other no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from threading import Event as Flag
from uuid import UUID

from django.apps import apps
from django.contrib import admin
from django.db import InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from project.backoffice.models import Job, JobRow
from project.errors import Refusal
from project.events.services import acting_as, emit, happened
from project.poke import Poke
from project.tenancy.models import User
from project.tenancy.office import Deed, ReadOnlyAdmin

log = logging.getLogger(__name__)

#: how long a job is one worker's own; renewed before every step
LEASE = timedelta(seconds=60)
STEP = 50  # rows between two looks at whether to stop
BLOCK = 1000  # rows that are written down at a time
#: what the log calls it when an operator has done something to a row of a model
HANDLED = {
    "attachments.attachment": "attachment.handled",
    "messaging.message": "message.handled",
    "messaging.signingkey": "signingkey.handled",
    "messaging.arrival": "arrival.handled",
    "messaging.suppression": "suppression.handled",
    "tenancy.apikey": "key.handled",
    "events.webhookdelivery": "delivery.handled",
}
#: set when the worker is asked to stop
stopping = Flag()
poke = Poke("project.backoffice.tasks.work_off")


@transaction.atomic
def start_job(
    *,
    model: str,
    deed: Deed,
    rows: Iterable[tuple[UUID, UUID]],
    reason: str,
    user: User,
    chosen: str = "",
) -> Job:
    """Write a job down, not yet begun; `rows` are the ids of the rows and of their workspaces."""
    job = Job.objects.create(
        model=model,
        deed=deed.name,
        reason=reason,
        user=user,
        actor=user.actor,
        chosen=chosen,
        due_at=Now(),
    )
    JobRow.objects.bulk_create(
        (JobRow(job=job, subject_id=id, workspace_id=workspace) for id, workspace in rows),
        batch_size=BLOCK,
    )
    return job


def stop_job(*, job: Job) -> None:
    """Have a job end before its next rows; what is done stays done."""
    Job.objects.filter(pk=job.pk, done_at__isnull=True).update(stopped_at=Now(), due_at=Now())
    poke.on_commit()


def work_off() -> None:
    """Do what is due, one job after another."""
    while not stopping.is_set() and (job := claim()):
        run_job(job)


def claim() -> Job | None:
    """A job that is due, ours for a lease."""
    due = Job.objects.filter(due_at__lte=Now())
    with transaction.atomic():
        job = due.order_by("due_at").select_for_update(skip_locked=True, no_key=True).first()
        if job is None or not due.filter(pk=job.pk).update(due_at=Now() + LEASE):
            return None
    return job


def run_job(job: Job) -> None:
    """Do what is left of a job, until it is over or somebody stops it."""
    deed = deed_of(job)
    left = job.rows.filter(outcome=JobRow.Outcome.LEFT).order_by("pk")
    running = Job.objects.filter(pk=job.pk, done_at__isnull=True)
    with acting_as(job.actor):
        while running.filter(stopped_at__isnull=True).update(due_at=Now() + LEASE):
            rows = list(left[:STEP])
            if not rows:
                break
            if stopping.is_set():
                running.update(due_at=Now())
                return
            for row in rows:
                _do(job, deed, row)
    running.update(done_at=Now(), due_at=None)


def deed_of(job: Job) -> Deed:
    """What a job does."""
    pages = admin.site.get_model_admin(apps.get_model(job.model))
    assert isinstance(pages, ReadOnlyAdmin)
    return pages.deed(job.deed)


def _do(job: Job, deed: Deed, row: JobRow) -> None:
    """Do it to one row. What goes wrong with one costs that one."""
    try:
        with transaction.atomic():
            _do_once(job, deed, row)
    except Refusal as refusal:
        _note(row, JobRow.Outcome.REFUSED, refusal.message)
    except (OperationalError, InterfaceError):
        raise  # the database does not answer: the lease runs out, and somebody goes on
    except Exception as error:
        log.exception("%s of %s %s has failed", job.deed, job.model, row.subject_id)
        _note(row, JobRow.Outcome.FAILED, type(error).__name__)


def _do_once(job: Job, deed: Deed, row: JobRow) -> None:
    if not _note(row, JobRow.Outcome.DONE, ""):
        return
    subject = apps.get_model(job.model)._base_manager.filter(pk=row.subject_id).first()
    if subject is None:
        JobRow.objects.filter(pk=row.pk).update(outcome=JobRow.Outcome.GONE)
        return
    deed.do(subject, job.reason)
    emit(
        happened(
            HANDLED[job.model],
            workspace_id=row.workspace_id,
            subject_id=row.subject_id,
            payload={"action": job.deed, "reason": job.reason, "job": job.pk.hex},
        )
    )


def _note(row: JobRow, outcome: str, words: str) -> int:
    rows = JobRow.objects.filter(pk=row.pk, outcome=JobRow.Outcome.LEFT)
    return rows.update(outcome=outcome, words=words)
