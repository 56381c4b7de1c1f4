"""What goes next, and why; what went; and having it go at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from attachments.retention import BYTES, FILES, UPLOADS
from messaging.retention import SENT
from messaging.trash import TRASH
from project.events.models import RetentionRun
from project.events.retention import Rule, follow_once, record
from project.events.rules import ANSWERS, TOLD
from project.events.services import acting_as, emit, happened
from project.poke import Poke
from project.tenancy.models import User
from project.tenancy.office import Workspaces, within

RULES = {rule.name: rule for rule in (FILES, UPLOADS, BYTES, SENT, TRASH, TOLD, ANSWERS)}
SOON = timedelta(days=1)
FIRST = 10  # rows that are named of each rule
RUNS = 50
#: how long a run that was asked for is one worker's own; another may follow it without harm
LEASE = timedelta(minutes=10)
poke = Poke("project.backoffice.tasks.work_off")


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What goes by one rule: now, and within the next day, what goes now among it."""

    rule: Rule
    rows: int
    bytes: int
    rows_soon: int
    bytes_soon: int
    first: Sequence[Any]
    page: str  # where one of its rows is shown


def outlook(rule: Rule, *, at: datetime, workspaces: Workspaces) -> Outlook:
    """What a rule takes at `at` and until a day later; nothing is changed by asking."""
    rows, weight = rule.weigh(at, workspaces)
    rows_soon, weight_soon = rule.weigh(at + SOON, workspaces)
    first = list(first_of(rule, at=at + SOON, workspaces=workspaces)[:FIRST]) if rows_soon else []
    model = rule.rows(at).model._meta
    return Outlook(
        rule=rule,
        rows=rows,
        bytes=weight,
        rows_soon=rows_soon,
        bytes_soon=weight_soon,
        first=first,
        page=f"admin:{model.app_label}_{model.model_name}_change",
    )


def first_of(rule: Rule, *, at: datetime, workspaces: Workspaces) -> QuerySet[Any]:
    """What a rule takes at `at`, the first to go first."""
    return rule.going(at, workspaces).order_by(rule.due, "pk")


def runs_of(workspaces: Workspaces) -> QuerySet[RetentionRun]:
    """The last runs, the newest first."""
    runs = within(RetentionRun.objects.select_related("workspace"), "workspace", workspaces)
    return runs.order_by("-pk")


@transaction.atomic
def ask_for_run(*, rule: Rule, workspaces: Workspaces, reason: str, user: User) -> int:
    """Have a rule followed at once by the workers; returns in how many workspaces.

    Those where nothing goes are left alone.
    """
    path = rule.workspace_at
    going = rule.going(timezone.now(), workspaces)
    places = list(going.order_by(path).values_list(path, flat=True).distinct())
    RetentionRun.objects.bulk_create(
        RetentionRun(
            rule=rule.name, workspace_id=place, reason=reason, actor=user.actor, due_at=Now()
        )
        for place in places
    )
    emit(*_handled(rule, places, reason))
    poke.on_commit()
    return len(places)


def _handled(rule: Rule, places: Iterable[Any], reason: str) -> Iterable[Any]:
    payload = {"action": "let_go", "rule": rule.name, "reason": reason}
    for id in places:
        yield happened("workspace.handled", workspace_id=id, subject_id=id, payload=payload)


def work_off() -> None:
    """Follow the rules that operators asked for, one run after another."""
    while run := _claim():
        with acting_as(run.actor):
            follow_once(RULES[run.rule], run, at=timezone.now())
        run.due_at = None
        record(run)


def _claim() -> RetentionRun | None:
    due = RetentionRun.objects.filter(due_at__lte=Now())
    with transaction.atomic():
        run = due.order_by("due_at").select_for_update(skip_locked=True, no_key=True).first()
        if run is None or not due.filter(pk=run.pk).update(due_at=Now() + LEASE):
            return None
    return run
