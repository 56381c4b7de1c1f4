"""Sending once, however often it is asked for with the same Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from rest_framework.response import Response

from project.api.errors import problem_of
from project.api.idempotency import InvalidIdempotencyKey, remember
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.errors import NYLAS

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Response"
MAX_KEY = 256  # characters
KEPT = timedelta(hours=1)
TRANSIENT = 429  # as everything from 500 on, worth another try: never remembered


def answer_once(
    view: GrantView,
    *,
    fingerprint: str,
    effect: Callable[[], Response],
    prepare: Callable[[], None] = lambda: None,
) -> Response:
    """Run `effect` in one transaction, once for each Idempotency-Key of the grant.

    For an hour the same request gets the same answer again, a refusal too, under its own
    request id. `prepare` runs before the transaction, and not for a repeat. Without the header
    both simply run. Raises InvalidIdempotencyKey, IdempotencyKeyReused, RequestInProgress.
    """
    response, is_replay = remember(
        workspace=view.workspace,
        door=NYLAS.name,
        key=_key_of(view),
        fingerprint=lambda: fingerprint,
        effect=effect,
        kept=KEPT,
        prepare=prepare,
        refused=lambda error: _refusal(view, error),
    )
    if is_replay:
        response.data["request_id"] = view.request_id
        response[REPLAYED] = "true"
    return response


def _key_of(view: GrantView) -> str | None:
    """The key of the grant's own; it may be longer than those that are kept, so its digest is."""
    key = view.request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY:
        raise InvalidIdempotencyKey(
            f"{HEADER} has 1 to {MAX_KEY} characters, this one {len(key)}.",
            limit=MAX_KEY,
            actual=len(key),
        )
    return f"{view.grant.pk.hex}:{sha256(key.encode()).hexdigest()}"


def _refusal(view: GrantView, error: Exception) -> Response | None:
    """The answer to a refusal that is to be remembered; None for what may pass by itself."""
    status, body = NYLAS.spell(view.request._request, problem_of(error))
    return None if status == TRANSIENT or status >= 500 else Response(body, status=status)
