"""Why something, or somebody, cannot leave."""

from project.errors import Conflict, NotFound


class NoSuchWorkspace(NotFound):
    """No workspace has this name, or this id."""

    code = "no_such_workspace"


class NoRoomForExport(Conflict):
    """Something else is at the place where an export should go."""

    code = "no_room_for_export"
