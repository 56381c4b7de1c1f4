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

WINDOW_SECONDS = 60
#: far beyond honest use of one installation; it stops a program in a loop
REQUESTS_PER_WINDOW = 60_000


class CallerThrottle(BaseThrottle):
    """Counts a caller's requests in windows of a minute.

    One increment a request: DRF's own throttle keeps the time of each request, and writes all of
    them back every time.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, Caller):
            return True
        window = int(time.time()) // WINDOW_SECONDS
        counter = f"requests:{request.auth.actor}:{window}"
        cache.add(counter, 0, timeout=2 * WINDOW_SECONDS)
        try:
            return cache.incr(counter) <= REQUESTS_PER_WINDOW
        except ValueError:  # dropped by the cache a moment ago
            return True

    def wait(self) -> float:
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS
