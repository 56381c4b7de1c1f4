"""What cannot be done with the people of a workspace."""

from project.errors import Conflict, Forbidden, Gone, Invalid


class AlreadyMember(Conflict):
    """Whoever is invited is in already."""

    code = "already_member"


class LastOwner(Conflict):
    """A workspace without an owner could not be run by anybody."""

    code = "last_owner"


class OwnersOnly(Forbidden):
    """Something about owners, and who asks is none."""

    code = "owners_only"


class InvitationOver(Gone):
    """An invitation that was taken, taken back or renewed, or whose time is over."""

    code = "invitation_over"


class WrongPerson(Forbidden):
    """The invitation is for another address than the one that is signed in."""

    code = "wrong_person"


class NameTaken(Conflict):
    """Another workspace has this name."""

    code = "name_taken"


class InvalidUndoSeconds(Invalid):
    """Too short to be of use, or too long to wait for."""

    code = "invalid_undo_seconds"
