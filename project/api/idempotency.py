"""Requests that take effect once, however often they are sent.

A reservation is committed before the effect, so that an equal request in flight is seen; the
answer is written in the transaction of the effect, so that there is never one without the other.
A process that dies in between holds the key until its lease ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.caller import Caller
from project.api.renderers import encode_json
from project.errors import Conflict, Invalid
from project.tenancy.models import IdempotencyRecord, Workspace

NATIVE = "native"
KEPT = timedelta(hours=24)
LEASE = timedelta(seconds=60)
MAX_KEY_CHARACTERS = 255

Effect = Callable[[], Response]


class InvalidIdempotencyKey(Invalid):
    """Idempotency-Key is empty, too long or not printable."""

    code = "invalid_idempotency_key"


class RequestInProgress(Conflict):
    """An equal request is being worked on."""

    code = "request_in_progress"


class IdempotencyKeyReused(Conflict):
    """The key was used for another request."""

    code = "idempotency_key_reused"


def once(request: Request, effect: Effect, *, fingerprint: str | None = None) -> Response:
    """Run `effect` in one transaction, once for each Idempotency-Key of the caller's workspace.

    The same request again gets the stored answer, with `Idempotency-Replay: true`. `effect` only
    touches the database; what it raises frees the key. Without the header it simply runs.
    Raises RequestInProgress, IdempotencyKeyReused and InvalidIdempotencyKey.
    """
    caller = request.auth
    assert isinstance(caller, Caller)
    response, replayed = remember(
        workspace=caller.workspace,
        door=NATIVE,
        key=read_key(request.headers.get("Idempotency-Key")),
        fingerprint=lambda: fingerprint or fingerprint_of(request),
        effect=effect,
    )
    if replayed:
        response["Idempotency-Replay"] = "true"
    return response


def read_key(text: str | None) -> str | None:
    """An Idempotency-Key of 1 to 255 printable characters; None stays None."""
    if text is None:
        return None
    if not 1 <= len(text) <= MAX_KEY_CHARACTERS or not text.isascii() or not text.isprintable():
        message = f"Idempotency-Key is 1 to {MAX_KEY_CHARACTERS} printable characters."
        raise InvalidIdempotencyKey(
            message, field="Idempotency-Key", limit=MAX_KEY_CHARACTERS, actual=len(text)
        )
    return text


def fingerprint_of(request: Request, *, fields: Any = None, digests: Iterable[str] = ()) -> str:
    """What makes two requests equal: method, path, query, parsed fields, digests of files.

    `fields` are the request's data unless given. Multipart boundaries differ between equal
    requests, and files are no JSON: a view that takes files gives their digests.
    """
    given = request.data if fields is None else fields
    parts = [request.method, request.path, request.META.get("QUERY_STRING", ""), given]
    return sha256(encode_json([*parts, list(digests)], order="sorted")).hexdigest()


def remember(
    *,
    workspace: Workspace,
    door: str,
    key: str | None,
    fingerprint: Callable[[], str],
    effect: Effect,
    kept: timedelta = KEPT,
    prepare: Callable[[], None] = lambda: None,
    refused: Callable[[Exception], Response | None] = lambda error: None,
) -> tuple[Response, bool]:
    """The answer to a request, and whether it is a stored one. See `once`.

    `prepare` runs between the reservation and the transaction of the effect, and may speak to the
    storage. `refused` makes the answer to what one of them raised, which is then stored as well;
    without one the exception frees the key. Without a key both simply run, and nothing is kept.
    """
    if key is None:
        prepare()
        with transaction.atomic():
            return effect(), False
    now = timezone.now()
    wanted = IdempotencyRecord(
        workspace=workspace,
        door=door,
        key=key,
        fingerprint=fingerprint(),
        lease_until=now + LEASE,
        expires_at=now + kept,
    )
    record = _reserve(wanted, now=now)
    if record.status is not None:
        return Response(_read_answer(record.answer), status=record.status), True
    sealed = False
    try:
        prepare()
        with transaction.atomic():
            response = effect()
            _seal(record, response)
        sealed = True
    except Exception as error:
        answer = refused(error)
        if answer is None:
            raise
        response = answer
        _seal(record, response)
        sealed = True
    finally:
        if not sealed:
            _held(record).delete()
    return response, False


def _reserve(wanted: IdempotencyRecord, *, now: datetime) -> IdempotencyRecord:
    """A new reservation, or the finished record of an equal request.

    Raises RequestInProgress and IdempotencyKeyReused.
    """
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
        return wanted
    except IntegrityError:
        pass  # the key is there
    there = IdempotencyRecord.objects.filter(
        workspace=wanted.workspace, door=wanted.door, key=wanted.key
    ).first()
    if there is None:  # its request was refused a moment ago; a client that tries again gets in
        raise _in_progress()
    if there.expires_at > now:
        if there.fingerprint != wanted.fingerprint:
            raise IdempotencyKeyReused("This Idempotency-Key was used for another request.")
        if there.status is not None:
            return there
        if there.lease_until > now:
            raise _in_progress()
    return _take_over(there, wanted, now=now)


def _take_over(
    there: IdempotencyRecord, wanted: IdempotencyRecord, *, now: datetime
) -> IdempotencyRecord:
    """Make an expired or abandoned record ours; of several that try, one gets it."""
    dead = Q(expires_at__lte=now) | Q(status__isnull=True, lease_until__lte=now)
    changes = {
        "fingerprint": wanted.fingerprint,
        "status": None,
        "answer": None,
        "lease_until": wanted.lease_until,
        "expires_at": wanted.expires_at,
    }
    if not IdempotencyRecord.objects.filter(dead, pk=there.pk).update(**changes):
        raise _in_progress()
    wanted.pk = there.pk
    return wanted


def _seal(record: IdempotencyRecord, response: Response) -> None:
    """Store the answer, in the transaction of the effect, if the reservation is still ours."""
    answer = None if response.data is None else encode_json(response.data).decode()
    if not _held(record).update(status=response.status_code, answer=answer):
        raise _in_progress()  # the lease ran out and another has it: this effect is undone


def _held(record: IdempotencyRecord) -> Any:
    return IdempotencyRecord.objects.filter(
        pk=record.pk, status__isnull=True, lease_until=record.lease_until
    )


def _read_answer(answer: str | None) -> Any:
    # Kept as text inside the JSON column: PostgreSQL would reorder the keys of an object.
    return None if answer is None else msgspec.json.decode(answer)


def _in_progress() -> RequestInProgress:
    return RequestInProgress("An equal request with this Idempotency-Key is in progress.")
