"""What a workspace decides for itself."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from project.events.models import Event
from project.tenancy.models import Workspace
from project.workspaces.errors import InvalidUndoSeconds, NameTaken
from project.workspaces.services import update_workspace
from tests.people import Person


def test_it_changes_what_is_given(alice: Person, charlie: Person):
    update_workspace(workspace=alice.workspace, undo_seconds=30)
    update_workspace(workspace=alice.workspace, name="Acme Ltd")
    assert (alice.workspace.name, alice.workspace.undo_seconds) == ("Acme Ltd", 30)
    assert Event.objects.filter(kind="workspace.updated").count() == 2
    charlie.workspace.refresh_from_db()
    assert charlie.workspace.undo_seconds == 10


@pytest.mark.parametrize("seconds", [0, 4, 31, 3600])
def test_undo_takes_5_to_30_seconds(alice: Person, seconds: int):
    with pytest.raises(InvalidUndoSeconds) as refused:
        update_workspace(workspace=alice.workspace, undo_seconds=seconds)
    assert (refused.value.field, refused.value.actual) == ("undo_seconds", seconds)
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.filter(pk=alice.workspace.pk).update(undo_seconds=seconds)


def test_a_name_is_taken_once(alice: Person, charlie: Person):
    with pytest.raises(NameTaken):
        update_workspace(workspace=alice.workspace, name=charlie.workspace.name)
    alice.workspace.refresh_from_db()
    assert alice.workspace.name == "Acme"
