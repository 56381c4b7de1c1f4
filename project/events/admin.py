"""The log in the back office, which is its audit as well; and who is told of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.urls import URLPattern, path

from project.events.audit import lines_of
from project.events.kinds import KINDS, NOUNS
from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.queue import replay
from project.ids import spell
from project.tenancy.models import User
from project.tenancy.office import Deed, ReadOnlyAdmin, ReadOnlyInline, reach_of, within


class NounFilter(admin.SimpleListFilter):
    """What it happened to. Told by the list of kinds: the log itself is long."""

    title = "subject"
    parameter_name = "subject_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(noun, noun) for noun in NOUNS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(subject_kind=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """What happened."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind, kind) for kind in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class ActorFilter(admin.SimpleListFilter):
    """Who did it: each person of the back office by name, and everybody else by what they are."""

    title = "actor"
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("email")
        sees = reach_of(request).sees
        if sees is not None:
            own = Q(pk=request.user.pk) | Q(pk__in=within(User.objects.all(), POSTS, sees))
            people = people.filter(own)
        kinds = [("clock", "the clock"), ("key", "programs"), ("user", "people")]
        return [*kinds, *((spell("usr", one.pk), one.email) for one in people)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return queryset
        if chosen == "clock":
            return queryset.filter(actor="")
        if chosen in ("key", "user"):
            return queryset.filter(actor__startswith=f"{chosen}:")
        return queryset.filter(actor=f"user:{chosen}")


POSTS = "posts__workspace"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "subject_id", "actor", "reason", "workspace"]
    list_filter = [ActorFilter, NounFilter, KindFilter, "workspace", "at"]
    list_select_related = ["workspace"]
    search_fields = ["=subject_id", "actor", "kind"]
    ordering = ["-position"]
    change_list_template = "admin/office/events.html"

    @admin.display
    def reason(self, event: Event) -> str:
        return str(event.payload.get("reason") or "")

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export)
        return [path("export.csv", export, name="events_event_export"), *super().get_urls()]

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        """The events that match the list's filters, as CSV."""
        found = self.get_changelist_instance(request).get_queryset(request)
        answer = StreamingHttpResponse(lines_of(found), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="events.csv"'
        return answer


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ["url", "dialect", "is_active", "failing_since", "workspace", "created_at"]
    list_filter = ["is_active", "dialect", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["url", "description"]
    exclude = ["secret", "previous_secret"]


class WebhookAttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    workspace_at = "delivery__endpoint__workspace"
    fields = ["started_at", "ended_at", "url", "status", "problem", "answer"]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    workspace_at = "endpoint__workspace"
    deeds = [
        Deed(
            name="replay",
            label="Tell again",
            effect="Their endpoints are told the same again, whatever came of it before.",
            do=lambda delivery, reason: replay(delivery=delivery),
        )
    ]
    list_display = ["kind", "state", "tries", "due_at", "problem", "endpoint", "created_at"]
    list_filter = ["state", "kind", "created_at"]
    list_select_related = ["endpoint"]
    search_fields = ["endpoint__url", "=event__subject_id", "=id"]
    raw_id_fields = ["event"]
    inlines = [WebhookAttemptInline]
    exclude = ["body", "claim"]


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(ReadOnlyAdmin):
    workspace_at = "delivery__endpoint__workspace"
    list_display = ["started_at", "url", "status", "problem", "delivery"]
    list_filter = ["status", "started_at"]
    list_select_related = ["delivery"]
    search_fields = ["url", "=delivery__id", "problem"]
