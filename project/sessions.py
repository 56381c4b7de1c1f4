"""How long people stay signed in: while they do something, and some days at most.

What a page asks for by itself, to be up to date, is nothing that a person does.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

#: where a session keeps since when it is somebody's, and when they last did something (seconds)
SINCE, SEEN = "signed_in_at", "seen_at"
#: what people do is noted at most so often
NOTED_AFTER = 60

READING = ("GET", "HEAD", "OPTIONS")
#: the header of what a page of the desk asks for by itself
UNASKED = "X-Unasked"


class IdleMiddleware:
    """Ends sessions that nobody uses, or that began too long ago, before anything is done by them.

    A request without a session's cookie costs nothing, and gets no header that speaks of cookies.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            look_at(request.session, at=int(time.time()), is_deed=is_deed(request))
        return self.get_response(request)


@receiver(user_logged_in)
def begin(sender: object, *, request: HttpRequest, **_: object) -> None:
    """Note when somebody signs in; also when the session was theirs before."""
    request.session[SINCE] = request.session[SEEN] = int(time.time())


def look_at(session: SessionBase, *, at: int, is_deed: bool) -> None:
    """End a session whose time is over at `at`, or else note that it is used."""
    if SESSION_KEY not in session:
        return
    if is_over(since=session.get(SINCE, at), seen=session.get(SEEN, at), at=at):
        session.flush()
        return
    if SINCE not in session:  # it is older than this rule
        session[SINCE] = session[SEEN] = at
    elif is_deed and at - session[SEEN] >= NOTED_AFTER:
        session[SEEN] = at


def is_over(*, since: int, seen: int, at: int) -> bool:
    """Whether a session has ended, by the times that it keeps."""
    idle: float = settings.SESSION_IDLE_HOURS * 3600
    return at - since >= settings.SESSION_COOKIE_AGE or bool(idle and at - seen >= idle)


def is_deed(request: HttpRequest) -> bool:
    """Whether somebody asks for a page or changes something, and no page by itself."""
    if request.method not in READING:
        return True
    return not request.path_info.startswith("/api/") and UNASKED not in request.headers
