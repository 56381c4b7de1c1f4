"""What a workspace decides for itself."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from project.events.services import emit, happened
from project.tenancy.models import MAX_UNDO_SECONDS, MIN_UNDO_SECONDS, Workspace
from project.workspaces.errors import InvalidUndoSeconds, NameTaken


@transaction.atomic
def update_workspace(
    *, workspace: Workspace, name: str | None = None, undo_seconds: int | None = None
) -> None:
    """Change what is given. Raises NameTaken and InvalidUndoSeconds."""
    if undo_seconds is not None and not MIN_UNDO_SECONDS <= undo_seconds <= MAX_UNDO_SECONDS:
        raise InvalidUndoSeconds(
            f"Sending can be undone for {MIN_UNDO_SECONDS} to {MAX_UNDO_SECONDS} seconds.",
            field="undo_seconds",
            limit=MAX_UNDO_SECONDS,
            actual=undo_seconds,
        )
    given = {"name": name, "undo_seconds": undo_seconds}
    changes = {field: value for field, value in given.items() if value is not None}
    rows = Workspace.objects.filter(pk=workspace.pk)
    try:
        with transaction.atomic():
            rows.update(**changes)
    except IntegrityError:
        raise NameTaken(f"Another workspace is called {name}.", field="name") from None
    emit(happened("workspace.updated", workspace_id=workspace.pk, subject_id=workspace.pk))
    workspace.refresh_from_db()
