"""What a caller may do: the scope that each method or action of a view needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from project.api.caller import Caller
from project.errors import Forbidden
from project.tenancy.models import Scope

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from project.api.views import ApiView


class MissingScope(Forbidden):
    """The caller is known, and lacks the scope in `details`."""

    code = "missing_scope"


class BoundKey(Forbidden):
    """The key is bound to inboxes, and this concerns the whole workspace."""

    code = "bound_key"


def require_unbound(caller: Caller) -> None:
    """Raise BoundKey for a key that is bound to inboxes."""
    if caller.bound_to is not None:
        raise BoundKey("This key is bound to inboxes; this needs one that is not.")


class HasScope(BasePermission):
    """Lets in a caller who has the scope that the view names in `scopes`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, Caller):
            return False
        scope = scope_needed(request, cast("ApiView", view))
        if scope is not None and scope not in request.auth.scopes:
            raise MissingScope(f"This needs the scope {scope!r}.", details={"scope": scope})
        return True


def scope_needed(request: Request, view: ApiView) -> str | None:
    """The scope for this request; None for a method that the view does not have (405 follows).

    Raises ImproperlyConfigured for a writing method that the view names no scope for.
    """
    method = str(request.method)
    action = getattr(view, "action", None)
    name = next((name for name in (action, method) if name in view.scopes), None)
    if name is not None:
        return str(view.scopes[name])
    if method in ("GET", "HEAD", "OPTIONS"):
        return Scope.READ.value
    if not hasattr(view, method.lower()):
        return None
    raise ImproperlyConfigured(f"{type(view).__name__}.scopes says nothing of {action or method}.")
