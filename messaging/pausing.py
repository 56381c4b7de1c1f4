"""Pausing: due mail stays queued, in one workspace or everywhere, and leaves later, once.

The claim looks for a row here, and the last gate does so again; so a pause needs no workers to
take effect, and a worker that is cut off from here has no way around it. A *drain* is a pause of
everything that lets workers end what they hold, before they are stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from messaging.errors import AlreadyPaused, NotPaused
from messaging.models import Delivery, Pause
from messaging.poke import poke_outbox
from project.api.times import spell_time
from project.errors import Invalid
from project.events.services import emit, happened
from project.tenancy.models import Workspace


@transaction.atomic
def pause_sending(
    *,
    workspace: Workspace | None,
    reason: str,
    ends_at: datetime | None = None,
    is_drain: bool = False,
) -> Pause:
    """Keep due mail here, of a workspace or of all, until `ends_at` or until somebody resumes.

    What has not passed the last gate stays, unless it is a drain. Raises AlreadyPaused, and
    Invalid for an end that has passed.
    """
    check_end(ends_at)
    pause, is_new = Pause.objects.get_or_create(
        workspace=workspace, is_drain=is_drain, defaults={"reason": reason, "ends_at": ends_at}
    )
    if not is_new:
        raise AlreadyPaused(f"It is {'drained' if is_drain else 'paused'} already: {pause.reason}")
    _tell(
        "sending.paused",
        pause,
        {"reason": reason, "ends_at": spell_time(ends_at), "drain": is_drain},
    )
    return pause


def check_end(ends_at: datetime | None) -> None:
    """Raise Invalid unless the time is to come."""
    if ends_at and ends_at <= timezone.now():
        raise Invalid("It has to end later than now.", field="ends_at")


@transaction.atomic
def resume_sending(*, pause: Pause, reason: str) -> None:
    """Let mail leave again; raises NotPaused for a pause that is over.

    What was being tried again gets the time back that the pause took.
    """
    kept = Pause.objects.filter(pk=pause.pk).select_for_update(no_key=True).first()
    if kept is None:
        raise NotPaused("It is not paused any more.")
    _give_back_time(kept)
    kept.delete()
    _tell("sending.resumed", pause, {"reason": reason})
    poke_outbox.on_commit()


def end_pauses() -> int:
    """Resume where the time has come that a pause was given."""
    over = list(Pause.objects.filter(ends_at__lte=Now()))
    ended = 0
    for pause in over:
        try:
            resume_sending(pause=pause, reason="Its time was over.")
        except NotPaused:  # another worker, or somebody, was faster
            continue
        ended += 1
    return ended


def pause_over(workspace_id: UUID) -> Pause | None:
    """What a workspace's mail waits for; None while it leaves."""
    return Pause.objects.over(workspace_id).first()


def pauses_in(workspaces: Collection[UUID] | None) -> QuerySet[Pause]:
    """The pauses of everything and of these workspaces; None: of all, the oldest first."""
    pauses = Pause.objects.select_related("workspace").order_by("since")
    if workspaces is None:
        return pauses
    return pauses.filter(Q(workspace=None) | Q(workspace__in=workspaces))


def state_of_sending() -> str:
    """What the whole installation does: `running`, `paused` or `drained`.

    Paused workspaces are told on the dashboard: the others' mail leaves.
    """
    drains = list(Pause.objects.filter(workspace=None).values_list("is_drain", flat=True))
    if not drains:
        return "running"
    return "paused" if False in drains else "drained"


def _give_back_time(pause: Pause) -> None:
    tried = Delivery.objects.filter(
        state=Delivery.State.QUEUED, attempts__gt=0, due_at__isnull=False
    )
    if pause.workspace_id:
        tried = tried.filter(message__workspace=pause.workspace_id)
    taken = timezone.now() - pause.since
    rows = tried.order_by("pk").select_for_update(no_key=True, of=("self",))
    ids = list(rows.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=ids).update(deadline=F("deadline") + taken)


def _tell(kind: str, pause: Pause, payload: dict[str, object]) -> None:
    """Say so in the log of each workspace that it is about."""
    emit(
        *(
            happened(kind, workspace_id=id, subject_id=pause.pk, payload=payload)
            for id in _workspaces(pause)
        )
    )


def _workspaces(pause: Pause) -> Iterable[UUID]:
    if pause.workspace_id:
        return [pause.workspace_id]
    return Workspace.objects.order_by("pk").values_list("pk", flat=True)
