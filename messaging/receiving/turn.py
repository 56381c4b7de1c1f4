"""Whose turn it is, of the threads of a process of which one works at a time."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from time import monotonic


class Turn:
    """Somebody's, until it is given back, or until there has been no sign for too long.

    Whoever hangs keeps nobody else from the work for ever.
    """

    def __init__(self, *, silence: timedelta) -> None:
        self._silence = silence.total_seconds()
        self._guard = Lock()
        self._holder: object | None = None
        self._seen = 0.0

    def take(self) -> object | None:
        """A token if it is free, or its holder silent; None when somebody is at work."""
        with self._guard:
            if self._holder is not None and monotonic() - self._seen <= self._silence:
                return None
            self._holder, self._seen = object(), monotonic()
            return self._holder

    def is_of(self, token: object) -> bool:
        """Whether it is still that of this token."""
        with self._guard:
            return self._holder is token

    def sign(self) -> None:
        """Say that the work goes on."""
        self._seen = monotonic()

    def give_back(self, token: object) -> None:
        """Let others have it; of no effect for who has lost it."""
        with self._guard:
            if self._holder is token:
                self._holder = None
