"""What drafts refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from messaging.errors import TooLate
from project.errors import Conflict, NotFound, Unprocessable
from project.ids import spell


class DraftNotFound(NotFound):
    """There is no such draft here."""

    code = "draft_not_found"

    def __init__(self, id: UUID) -> None:
        super().__init__(f"There is no draft {spell('drf', id)} here.")


class NotAttached(NotFound):
    """The draft does not carry this file."""

    code = "not_attached"

    def __init__(self, id: UUID) -> None:
        super().__init__(f"The draft does not carry {spell('att', id)}.")


class AlreadyAttached(Conflict):
    """The draft carries this file; a message carries a file once."""

    code = "already_attached"

    def __init__(self, id: UUID) -> None:
        super().__init__(f"The draft carries {spell('att', id)} already.")


class VersionConflict(Conflict):
    """Somebody else has changed the draft; `details` has its current version."""

    code = "version_conflict"

    def __init__(self, current: int) -> None:
        super().__init__(
            f"The draft has changed meanwhile; its version is {current}.",
            field="version",
            details={"current": current},
        )


class DraftDispatched(TooLate):
    """The draft has been sent, so it can be neither changed nor taken back."""

    def __init__(self) -> None:
        super().__init__("The draft has been sent; it cannot be changed or taken back any more.")


class CheckFailed(Unprocessable):
    """The pre-flight check found errors; `details` are all its findings."""

    code = "check_failed"

    def __init__(
        self, message: str, *, findings: Sequence[Mapping[str, Any]], **facts: Any
    ) -> None:
        super().__init__(message, details=findings, **facts)


class NotSchedulable(Unprocessable):
    """A note is recorded at once: it leaves for nowhere."""

    code = "not_schedulable"


class TimeOutOfRange(Unprocessable):
    """A time to send at that is so long past, or so far ahead, that it must be a mistake."""

    code = "send_at_out_of_range"


class PositionOutOfRange(Unprocessable):
    """A place beyond the last file."""

    code = "position_out_of_range"
