"""The frame of the back office: who comes in, what they see first, how they do something."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from project.backoffice import bodies, dashboard, files, jobs, keeping, resending, resuming
from project.backoffice.recording import Recorded
from project.events.services import acting_as
from project.tenancy.models import User
from project.tenancy.office import (
    Deed,
    ForeignAdmin,
    ReadOnlyAdmin,
    Reserved,
    Superusers,
    reach_of,
)

View = TypeVar("View", bound=Callable[..., HttpResponseBase])

#: so many rows are done at once; more become a job of the workers
AT_ONCE = 200
MAX_ROWS = 100_000


class OfficeSite(admin.AdminSite):
    """Django's admin: signed in to as the desk is, and open to whoever has a post."""

    site_header = site_title = "Enclose"
    index_title = "Back office"
    index_template = "admin/office/dashboard.html"
    site_url = "/mail/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django does; what is none of ours is for superusers alone.

        What they change by hand is put into the log.
        """
        if admin_class is None or not issubclass(admin_class, Reserved):
            base = admin_class or admin.ModelAdmin
            admin_class = type(base.__name__, (ForeignAdmin, base), {})
        if issubclass(admin_class, Superusers):
            admin_class = type(admin_class.__name__, (Recorded, admin_class), {})
        super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return reach_of(request).is_in

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign in where everybody does, so that the second step is asked for."""
        target = request.GET.get("next") or reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target, resolve_url(settings.LOGIN_URL))
        if not self.has_permission(request):
            raise PermissionDenied("You have no post in the back office.")
        return redirect("admin:index")

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """As Django does; what is done on a page is done by whoever asks."""

        @wraps(view)
        def page(request: HttpRequest, *args: Any, **words: Any) -> HttpResponseBase:
            user = request.user
            assert isinstance(user, User)
            with acting_as(user.actor):
                return view(request, *args, **words)

        return super().admin_view(cast(View, page), cacheable)

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        facts = {"board": dashboard.board_for(reach_of(request).sees)}
        return super().index(request, {**(extra_context or {}), **facts})

    def get_urls(self) -> list[URLResolver | URLPattern]:
        message = "messaging/message/<uuid:id>"
        framing: Any = csp_update({"frame-src": ["'self'"]})  # of the document that HTML is in
        views: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
            "open": (f"{message}/open", bodies.open_body),
            "body": (f"{message}/body", framing(bodies.body)),
            "html": (f"{message}/body.html", bodies.html),
            "raw": (f"{message}/raw", bodies.raw),
            "resend": (f"{message}/resend", resending.resend),
        }
        own = [
            path(
                "attachments/attachment/<uuid:id>/sealed",
                self.admin_view(never_cache(files.sealed)),
                name="attachment_sealed",
            )
        ]
        own.append(
            path(
                "messaging/pause/<uuid:id>/resume",
                self.admin_view(never_cache(resuming.resume)),
                name="pause_resume",
            )
        )
        own += [
            path(route, self.admin_view(never_cache(view)), name=f"message_{name}")
            for name, (route, view) in views.items()
        ]
        own += [
            path("retention", self.admin_view(never_cache(keeping.retention)), name="retention"),
            path(
                "retention/<slug:name>/run",
                self.admin_view(never_cache(keeping.run)),
                name="retention_run",
            ),
        ]
        password = RedirectView.as_view(pattern_name="account_change_password")
        own.append(path("password_change/", password))  # before Django's own, which knows no MFA
        return [*own, *super().get_urls()]

    def ask(
        self, request: HttpRequest, pages: ReadOnlyAdmin, deed: Deed, chosen: QuerySet[Any]
    ) -> HttpResponseBase | None:
        """Do a deed to the chosen rows, once a reason is given; until then, the page that asks.

        What more rows match by then than the page has told is asked about anew.
        """
        rows = self._operated(request, pages, chosen)
        count = rows.count()
        if not 0 < count <= MAX_ROWS:
            words = f"{count} are chosen. At most {MAX_ROWS} are done at once."
            pages.message_user(request, words if count else "None of them.", messages.WARNING)
            return None
        reason = request.POST.get("reason", "").strip()
        told = request.POST.get("told", "")
        if not reason or not told.isdecimal() or count > int(told):
            return self._page(request, pages, deed, rows, count)
        user = request.user
        assert isinstance(user, User)
        job = jobs.start_job(
            model=pages.opts.label_lower,
            deed=deed,
            rows=rows.order_by("pk").values_list("pk", pages.workspace_at).iterator(),
            reason=reason,
            user=user,
            chosen=request.META["QUERY_STRING"] if _is_across(request) else "",
        )
        if count <= AT_ONCE:
            jobs.run_job(job)
        else:
            jobs.poke.on_commit()
        return redirect("admin:backoffice_job_change", job.pk)

    def _operated(
        self, request: HttpRequest, pages: ReadOnlyAdmin, chosen: QuerySet[Any]
    ) -> QuerySet[Any]:
        rows = pages.model._base_manager.filter(pk__in=chosen.order_by().values("pk"))
        return pages.within(rows, reach_of(request).operates)

    def _page(
        self,
        request: HttpRequest,
        pages: ReadOnlyAdmin,
        deed: Deed,
        rows: QuerySet[Any],
        count: int,
    ) -> HttpResponse:
        name = "name" if pages.workspace_at == "pk" else f"{pages.workspace_at}__name"
        places = rows.order_by(name).values_list(name).annotate(Count("pk", distinct=True))
        facts = {
            **self.each_context(request),
            "title": f"{deed.label}: {count} {pages.opts.verbose_name_plural}",
            "opts": pages.opts,
            "deed": deed,
            "count": count,
            "places": list(places),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "is_across": _is_across(request),
            "chosen": request.GET.urlencode() if _is_across(request) else "",
            "at_once": count <= AT_ONCE,
            "lacks_reason": "told" in request.POST and not request.POST.get("reason", "").strip(),
        }
        return render(request, "admin/office/deed.html", facts)


def _is_across(request: HttpRequest) -> bool:
    """Whether all that match the filter are meant, not only those that were ticked."""
    return request.POST.get("select_across") == "1"
