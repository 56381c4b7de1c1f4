"""Refusal, the base of every domain "no".

The core raises a subclass of one of the kinds below and knows no status code; each door has one
table from kind (or class) to its own status and spelling.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Refusal(Exception):
    """Something that a caller asked for and that is not to be had, with the facts of why.

    `field` is the path of the request's field at fault (`to[3].email`), `limit` and `actual` the
    two numbers that did not fit, `details` further facts, fit for JSON.
    """

    code: ClassVar[str] = "refused"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        limit: int | str | None = None,
        actual: int | str | None = None,
        details: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.limit = limit
        self.actual = actual
        self.details = details


class Invalid(Refusal):
    """The request has the wrong shape."""

    code = "invalid_request"


class Unauthenticated(Refusal):
    """Nobody we know is asking."""

    code = "unauthenticated"


class Forbidden(Refusal):
    """The caller is known and may not."""

    code = "forbidden"


class NotFound(Refusal):
    """It does not exist, or belongs to another workspace, which is the same."""

    code = "not_found"


class Conflict(Refusal):
    """It cannot be done in the state that things are in."""

    code = "conflict"


class Gone(Refusal):
    """It was here, and its bytes have been removed."""

    code = "gone"


class TooLarge(Refusal):
    """More bytes than a limit allows."""

    code = "too_large"


class UnsupportedType(Refusal):
    """A type of content that is not taken."""

    code = "unsupported_type"


class Unprocessable(Refusal):
    """The shape is right, the sense is not."""

    code = "unprocessable"


class NotReady(Refusal):
    """The bytes are on their way."""

    code = "not_ready"


class TooMany(Refusal):
    """More requests than a limit allows; `retry_after` is in seconds."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after


class Unavailable(Refusal):
    """Something that we depend on does not answer; try again later."""

    code = "unavailable"
