"""What goes by itself, when and why: rules, and what came of following them.

Each app declares its rules beside the code that follows them. A look ahead and the run ask the
same rows, so that they cannot differ.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from project.events.models import RetentionRun
from project.tenancy.office import Workspaces, within

log = logging.getLogger(__name__)

RUNS_KEPT = 100  # of each rule in each workspace


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What lets rows go.

    `rows` are those that go at a time; `take` lets them go, in these workspaces, and returns how
    many went.
    """

    name: str
    title: str
    words: str
    every: timedelta
    rows: Callable[[datetime], QuerySet[Any]]
    take: Callable[[datetime, Workspaces], int]
    due: str  # the field with the time after which a row goes
    workspace_at: str = "workspace"
    bytes_at: str = ""

    def going(self, at: datetime, workspaces: Workspaces) -> QuerySet[Any]:
        """The rows that go at `at`, of these workspaces."""
        return within(self.rows(at), self.workspace_at, workspaces)

    def weigh(self, at: datetime, workspaces: Workspaces) -> tuple[int, int]:
        """How many rows go at `at`, and how many bytes they have."""
        weight = {"bytes": Sum(self.bytes_at)} if self.bytes_at else {}
        found = self.going(at, workspaces).order_by().aggregate(rows=Count("pk"), **weight)
        return found["rows"], found.get("bytes") or 0


def follow(rule: Rule, *, at: datetime) -> int:
    """Let go of what a rule says, one workspace after another; returns how many rows went.

    What goes wrong in one workspace costs that one.
    """
    path = rule.workspace_at
    places = rule.rows(at).order_by(path).values_list(path, flat=True).distinct()
    runs = [_follow_in(rule, place, at) for place in list(places)]
    if not any(run.error for run in runs):
        # What has come since, and what only has to be looked at: it turned out to be in use.
        runs.append(_follow_in(rule, None, at))
    return sum(run.rows for run in runs)


def _follow_in(rule: Rule, place: UUID | None, at: datetime) -> RetentionRun:
    run = RetentionRun(rule=rule.name, workspace_id=place)
    follow_once(rule, run, at=at)
    if run.rows or run.error:
        record(run)
    return run


def follow_once(rule: Rule, run: RetentionRun, *, at: datetime) -> None:
    """Let go of what goes at `at` in the workspace of a run, and note in it what came of it."""
    workspaces = None if run.workspace_id is None else frozenset([run.workspace_id])
    run.started_at = timezone.now()
    rows, weight = rule.weigh(at, workspaces)
    try:
        run.rows, run.bytes = rule.take(at, workspaces), weight
    except (OperationalError, InterfaceError):
        raise  # the database does not answer: nothing can be written down either
    except Exception as error:
        log.exception("the rule %s has failed in workspace %s", rule.name, run.workspace_id)
        left, left_bytes = rule.weigh(at, workspaces)
        run.rows, run.bytes = max(0, rows - left), max(0, weight - left_bytes)
        run.error = type(error).__name__
    run.ended_at = timezone.now()


def record(run: RetentionRun) -> None:
    """Keep a run that has ended, and only the newest of those of the same rule and workspace."""
    run.save()
    same = RetentionRun.objects.filter(workspace=run.workspace_id, rule=run.rule).over()
    old = list(same.order_by("-pk").values_list("pk", flat=True)[RUNS_KEPT : 2 * RUNS_KEPT])
    RetentionRun.objects.filter(pk__in=old).delete()
