"""Which workspace an operator means."""

from __future__ import annotations

from project.ids import UnknownId, read
from project.leaving.errors import NoSuchWorkspace
from project.tenancy.models import Workspace


def find_workspace(text: str) -> Workspace:
    """The workspace of a name, or of an id. Raises NoSuchWorkspace."""
    rows = Workspace.objects.all()
    try:
        found = rows.filter(name=text).first() or rows.filter(pk=read("wsp", text)).first()
    except UnknownId:
        found = None
    if found is None:
        raise NoSuchWorkspace(f"There is no workspace {text!r}.")
    return found
