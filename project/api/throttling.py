"""A bound on how much one caller may ask."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from project.api.caller import Caller

if TYPE_CHECKING:
    from rest_framework.views import APIView


class WindowThrottle(BaseThrottle):
    """Counts requests in windows of some seconds.

    One increment a request: DRF's own throttle keeps the time of each request, and writes all of
    them back every time. `counted` names what is counted, None what is not.
    """

    window_seconds = 60

    def most(self) -> int:
        """How many there may be in a window; 0: any number."""
        raise NotImplementedError

    def counted(self, request: Request, view: APIView) -> str | None:
        """Whose requests are counted together."""
        return request.auth.actor if isinstance(request.auth, Caller) else None

    def allow_request(self, request: Request, view: APIView) -> bool:
        most, whose = self.most(), self.counted(request, view)
        if not most or whose is None:
            return True
        window = int(time.time()) // self.window_seconds
        counter = f"{type(self).__name__}:{whose}:{window}"
        cache.add(counter, 0, timeout=2 * self.window_seconds)
        try:
            return cache.incr(counter) <= most
        except ValueError:  # dropped by the cache a moment ago
            return True

    def wait(self) -> float:
        return self.window_seconds - time.time() % self.window_seconds


class CallerThrottle(WindowThrottle):
    """Far beyond honest use of one installation; it stops a program in a loop."""

    def most(self) -> int:
        return REQUESTS_PER_WINDOW


REQUESTS_PER_WINDOW = 60_000
