"""Who may see and do what in the back office: one mechanism for all of its pages.

A person's *reach* is what their posts come to. Every list, page, search, filter and action of
every model begins with the rows that lie within it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import Field, Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from project.tenancy.models import Duty, Post, User, Workspace

Rows = TypeVar("Rows", bound=QuerySet[Any])
Workspaces = frozenset[UUID] | None  # None: all that there are


@dataclass(frozen=True)
class Reach:
    """The workspaces of which somebody sees what is not a body, and those that they operate."""

    sees: Workspaces = frozenset()
    operates: Workspaces = frozenset()

    @property
    def is_in(self) -> bool:
        """Whether the back office is open to them."""
        return self.sees != frozenset()

    @property
    def is_operator(self) -> bool:
        """Whether there is anything that they may do."""
        return self.operates != frozenset()

    def may_operate(self, workspace_id: UUID) -> bool:
        """Whether they may act in a workspace."""
        return self.operates is None or workspace_id in self.operates


def reach_of(request: HttpRequest) -> Reach:
    """The reach of whoever asks; read once a request."""
    found: Reach | None = vars(request).get("_reach")
    if found is None:
        found = vars(request)["_reach"] = _reach_of(request.user)
    return found


def _reach_of(user: Any) -> Reach:
    if not (isinstance(user, User) and user.is_active and user.is_staff):
        return Reach()
    if user.is_superuser:
        return Reach(sees=None, operates=None)
    posts = list(Post.objects.filter(user=user))
    return Reach(
        sees=_workspaces(posts),
        operates=_workspaces([post for post in posts if post.duty == Duty.OPERATOR]),
    )


def _workspaces(posts: Sequence[Post]) -> Workspaces:
    ids = frozenset(post.workspace_id for post in posts)
    return None if None in ids else frozenset(id for id in ids if id)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something that an operator can do to each of many rows, with a reason.

    `do` changes one row by a service, for a reason, in a transaction that also says so in the
    log; the refusals that it raises are counted and told. `effect` is what follows, for the page
    that asks.
    """

    name: str
    label: str
    effect: str
    do: Callable[[Any, str], object]


class WorkspaceFilter(admin.RelatedFieldListFilter):
    """The workspaces within reach."""

    def field_choices(
        self, field: Field[Any, Any], request: HttpRequest, model_admin: Any
    ) -> list[tuple[str, Any]]:
        rows = within(Workspace.objects.order_by("name"), "pk", reach_of(request).sees)
        return [(str(one.pk), one.name) for one in rows]


def within(rows: Rows, path: str, workspaces: Workspaces) -> Rows:
    """Those of the rows whose workspace, by the path that leads to it, is one of these."""
    return rows if workspaces is None else rows.filter(**{f"{path}__in": workspaces})


def operated(request: HttpRequest, rows: QuerySet[Any], id: UUID) -> Any:
    """The one of these rows, which have a workspace, that the person means to do something about.

    Raises Http404 for one that they do not even see, and PermissionDenied for one that they may
    only look at.
    """
    reach = reach_of(request)
    row = within(rows, "workspace", reach.sees).filter(pk=id).first()
    if row is None:
        raise Http404
    if not reach.may_operate(row.workspace_id):
        raise PermissionDenied("Your post does not allow this.")
    return row


class Reserved(BaseModelAdmin):  # type: ignore[type-arg]
    """Rows within reach, for looking: they change through the services only."""

    #: how its workspace is found from a row
    workspace_at = "workspace"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.within(self.rows(request), reach_of(request).sees)

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        """All rows, with what the pages show of them."""
        return super().get_queryset(request)

    def within(self, rows: QuerySet[Any], workspaces: Workspaces) -> QuerySet[Any]:
        """Those of the rows that belong to these workspaces."""
        return within(rows, self.workspace_at, workspaces)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_in

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(Reserved, admin.ModelAdmin):  # type: ignore[type-arg]
    """The pages of a model: for looking, and for its deeds."""

    show_full_result_count = False
    change_form_template = "admin/office/form.html"
    #: what operators can do to its rows
    deeds: Sequence[Deed] = ()

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [self._narrowed(one) for one in super().get_list_filter(request)]

    def _narrowed(self, one: Any) -> Any:
        if not isinstance(one, str) or "__" in one:
            return one
        related = self.model._meta.get_field(one).related_model
        return (one, WorkspaceFilter) if related is Workspace else one

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        if not reach_of(request).is_operator:
            return {}
        found = super().get_actions(request)
        found.pop("delete_selected", None)  # it asks no reason, and the log would not have it
        return found | {deed.name: (_ask_for(deed), deed.name, deed.label) for deed in self.deeds}

    def facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the page of a row shows beside its fields, by the names of its template."""
        return {}

    def deed(self, name: str) -> Deed:
        """The deed of this name."""
        return next(deed for deed in self.deeds if deed.name == name)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **words: Any
    ) -> Any:
        row = context.get("original")
        context["deeds"] = self._deeds_for(request, row)
        if row is not None:
            context |= self.facts(request, row)
        return super().render_change_form(request, context, *args, **words)

    def _deeds_for(self, request: HttpRequest, row: Model | None) -> Sequence[Deed]:
        if row is None or not self.deeds or not reach_of(request).is_operator:
            return ()
        own = self.model._default_manager.filter(pk=row.pk)
        return self.deeds if self.within(own, reach_of(request).operates).exists() else ()


def _ask_for(deed: Deed) -> Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponseBase | None]:
    def ask(
        model_admin: ReadOnlyAdmin, request: HttpRequest, chosen: QuerySet[Any]
    ) -> HttpResponseBase | None:
        site: Any = model_admin.admin_site
        answer: HttpResponseBase | None = site.ask(request, model_admin, deed, chosen)
        return answer

    return ask


class ReadOnlyInline(Reserved, admin.TabularInline):  # type: ignore[type-arg]
    """Rows that belong to the one that is looked at."""

    extra = 0
    show_change_link = True


class Superusers(BaseModelAdmin):  # type: ignore[type-arg]
    """What superusers alone change by hand; whoever could would give themselves any post."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


class EditableAdmin(Superusers, ReadOnlyAdmin):
    """The pages of a model that superusers also change by hand."""


class EditableInline(Superusers, ReadOnlyInline):
    """Rows that superusers also change by hand."""

    show_change_link = False


class ForeignAdmin(Superusers):
    """Pages of models that are none of ours: for superusers alone."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_superuser(request)


def is_superuser(request: HttpRequest) -> bool:
    """Whether a superuser asks, who may open the back office."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and user.is_superuser
