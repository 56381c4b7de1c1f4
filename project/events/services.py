"""Writing to the log, and listening to it.

A lower app announces and never looks upward: an upper one registers a listener, which runs in
the transaction that writes the event, so that both happen or neither does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from project.events.models import Event

Listener = Callable[[list[Event]], None]

#: who acts in this request or command; blank for the clock and the workers
current_actor: ContextVar[str] = ContextVar("current_actor", default="")


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Have what happens meanwhile be done by somebody."""
    before = current_actor.set(actor)
    try:
        yield
    finally:
        current_actor.reset(before)


_listeners: defaultdict[str, list[Listener]] = defaultdict(list)


def on(*kinds: str) -> Callable[[Listener], Listener]:
    """Call the decorated function with the events of these kinds, in their transaction."""

    def register(listener: Listener) -> Listener:
        for kind in kinds:
            if listener not in _listeners[kind]:
                _listeners[kind].append(listener)
        return listener

    return register


def happened(
    kind: str, *, workspace_id: UUID, subject_id: UUID, payload: Mapping[str, Any] | None = None
) -> Event:
    """An event that is not yet written; the subject's kind is the noun before the dot."""
    return Event(
        workspace_id=workspace_id,
        kind=kind,
        subject_kind=kind.partition(".")[0],
        subject_id=subject_id,
        actor=current_actor.get(),
        payload=dict(payload or {}),
    )


def emit(*events: Event) -> None:
    """Write events in this transaction, in one statement, and tell the listeners."""
    written = Event.objects.bulk_create(events)
    by_kind: dict[str, list[Event]] = {}
    for event in written:
        by_kind.setdefault(event.kind, []).append(event)
    for kind, some in by_kind.items():
        for listener in _listeners[kind]:
            listener(some)
