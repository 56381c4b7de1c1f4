"""Who sits at the desk, and what they may see and do there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, cast

from csp.constants import NONCE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from drafts.models import Draft, DraftQuerySet
from messaging.models import Inbox, Message, Pause
from messaging.models.correspondence import InboxQuerySet
from messaging.models.message import MessageQuerySet
from messaging.pausing import pause_over
from project.api.authentication import caller_of_person
from project.api.caller import Caller
from project.api.errors import problem_of
from project.errors import Forbidden, NotFound, Refusal
from project.events.services import acting_as
from project.ids import read
from project.tenancy.models import Scope, User, Workspace

#: where a session keeps the inbox that its person looked at last
INBOX = "inbox_id"

#: Pages are swapped into one document, so the composer's policy is that of all: what is written
#: may have looks of its own, which are style attributes. Mail of others is in a sandboxed frame.
POLICY = {
    "script-src": [NONCE],
    "style-src-attr": ["'unsafe-inline'"],
    "frame-src": ["'self'"],
    "media-src": ["'self'"],
}

#: the fields of a form that somebody may have spent time on
WRITTEN = ("to", "cc", "bcc", "subject", "text")

P = ParamSpec("P")


@dataclass(frozen=True)
class Desk:
    """A person at work in one of their workspaces; every query of a page starts here."""

    caller: Caller
    user: User

    @property
    def workspace(self) -> Workspace:
        return self.caller.workspace

    @cached_property
    def inboxes(self) -> list[Inbox]:
        """The inboxes that send and receive, by address."""
        return list(InboxQuerySet(Inbox).filter(workspace=self.workspace).active().order_by("name"))

    @cached_property
    def pause(self) -> Pause | None:
        """What mail of the workspace waits for; None while it leaves."""
        return pause_over(self.workspace.pk)

    @property
    def messages(self) -> MessageQuerySet:
        """The messages of the workspace."""
        return MessageQuerySet(Message).filter(workspace=self.workspace)

    @property
    def drafts(self) -> DraftQuerySet:
        """The drafts of the workspace."""
        return DraftQuerySet(Draft).filter(workspace=self.workspace)

    def inbox(self, id: str) -> Inbox:
        """An inbox by its spelt id. Raises NotFound."""
        known = read("inb", id)
        for inbox in self.inboxes:
            if inbox.pk == known:
                return inbox
        raise NotFound(f"There is no inbox {id} here.")

    def may(self, scope: str) -> bool:
        """Whether the person's role has this scope."""
        return scope in self.caller.scopes

    def require(self, scope: str) -> None:
        """Raise PermissionDenied unless the person's role has this scope."""
        if not self.may(scope):
            raise PermissionDenied("Your role in this workspace does not allow this.")

    @property
    def writes(self) -> bool:
        """Whether the person may write and send."""
        return self.may(Scope.SEND)

    @property
    def administers(self) -> bool:
        """Whether the person may change settings."""
        return self.may(Scope.ADMIN)


Page = Callable[Concatenate[HttpRequest, Desk, P], HttpResponseBase]
Shown = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def at_desk(view: Page[P]) -> Shown[P]:
    """A page of somebody who is signed in; what is not theirs does not exist (404).

    A refusal that the page has no place for is told on a page of its own.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        assert isinstance(user, User)
        try:
            desk = Desk(caller_of_person(request, user), user)
            with acting_as(desk.caller.actor):
                return view(request, desk, *args, **kwargs)
        except NotFound as refusal:
            raise Http404(refusal.message) from refusal
        except Forbidden as refusal:
            raise PermissionDenied(refusal.message) from refusal
        except Refusal as refusal:
            status = problem_of(refusal).status
            return render(request, "desk/refused.html", {"refusal": refusal}, status=status)

    return cast("Shown[P]", never_cache(csp_update(POLICY)(_signed_in(page))))


class _NoFiles(FileUploadHandler):
    """Keeps nothing of the files that somebody sends whom we do not know."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        raise NotImplementedError

    def file_complete(self, file_size: int) -> None:
        raise NotImplementedError


def _signed_in(page: Shown[P]) -> Shown[P]:
    """A page that leads to signing in who is not; but what they have sent would be lost on the way.

    Scripts keep the page that they are on.
    """
    reading = login_required(cast("Any", page))

    @wraps(page)
    def either(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method != "POST" or request.user.is_authenticated:
            return cast("HttpResponseBase", reading(request, *args, **kwargs))
        if "_files" not in vars(request):
            request.upload_handlers = [_NoFiles(request)]
        words = [(name, text) for name in WRITTEN if (text := request.POST.get(name, "").strip())]
        return render(request, "desk/signed_out.html", {"words": words}, status=401)

    return cast("Shown[P]", either)
