"""Reading who asks from a request: a key in a header, or a person's session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from project.api.caller import Caller
from project.errors import Forbidden
from project.events.services import current_actor
from project.tenancy.models import ApiKey, Member, User, digest_of

#: a key's last use is written at most this often
LAST_USE = timedelta(minutes=1)

#: where a session keeps the id of the workspace that its person looks at
WORKSPACE = "workspace_id"


class NoWorkspace(Forbidden):
    """A person who is a member of no workspace."""

    code = "no_workspace"


class CsrfFailed(Forbidden):
    """A session's request without its CSRF token."""

    code = "csrf_failed"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY` or `x-api-key: KEY`; one query, and seldom a write."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Caller] | None:
        secret = key_in(request)
        if secret is None:
            return None
        key = ApiKey.objects.select_related("workspace").filter(sha256=digest_of(secret)).first()
        now = timezone.now()
        if key is None:
            raise exceptions.AuthenticationFailed("This API key is not known.", "unknown_key")
        if key.revoked_at is not None:
            raise exceptions.AuthenticationFailed("This API key was revoked.", "revoked_key")
        if key.expires_at is not None and key.expires_at <= now:
            raise exceptions.AuthenticationFailed("This API key has expired.", "expired_key")
        record_use(key, now=now)
        caller = Caller.with_key(key)
        current_actor.set(caller.actor)
        return AnonymousUser(), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def key_in(request: Request) -> str | None:
    """The key that a request carries, in whichever header; None when it carries none."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    return request.headers.get("x-api-key")


def record_use(key: ApiKey, *, now: datetime) -> None:
    """Note that a key was used, unless that was noted within the last minute."""
    if key.last_used_at is not None and key.last_used_at > now - LAST_USE:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - LAST_USE)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


class PersonAuthentication(BaseAuthentication):
    """The session of a signed-in person, with the CSRF token in X-CSRFToken."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        user = getattr(request._request, "user", None)
        if user is None or not user.is_active:
            return None
        enforce_csrf(request._request)
        caller = caller_of_person(request._request, user)
        current_actor.set(caller.actor)
        return user, caller


def caller_of_person(request: HttpRequest, user: User) -> Caller:
    """The person in the workspace that the session names, or in the first one they joined.

    Raises NoWorkspace.
    """
    memberships = Member.objects.filter(user=user).select_related("workspace").order_by("id")
    chosen = request.session.get(WORKSPACE)
    found = [member for member in memberships if member.workspace_id.hex == chosen]
    member = next(iter(found or memberships), None)
    if member is None:
        raise NoWorkspace("You are not a member of any workspace.")
    return Caller.with_membership(member, user)


class _CsrfCheck(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


def _no_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def enforce_csrf(request: HttpRequest) -> None:
    """Raise CsrfFailed unless the X-CSRFToken header matches the cookie.

    The form is kept out of Django's sight: looking for the token in it would read the whole body
    past the view's own parsers and upload handlers.
    """
    hidden: dict[str, Any] = {"_post": QueryDict(), "_files": MultiValueDict()}
    request.__dict__.update(hidden)
    check = _CsrfCheck(_no_view)
    check.process_request(request)
    reason = check.process_view(request, _no_view, (), {})
    for name in hidden:
        del request.__dict__[name]
    if reason:
        raise CsrfFailed(f"CSRF check failed: {reason}")
