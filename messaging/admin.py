"""Mail in the back office: for looking, and for what the outbox's services can do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from messaging.dkim import admin as signing_keys  # noqa: F401  it has the pages of those
from messaging.dossier import dossier_of
from messaging.figures import stages
from messaging.interventions import hold_message, release_message, retry_message
from messaging.models import (
    Arrival,
    Attempt,
    Captured,
    Customer,
    CustomerAddress,
    Delivery,
    Folder,
    Inbox,
    Message,
    MessageAttachment,
    Recipient,
    Suppression,
    Thread,
)
from messaging.models.message import Status
from messaging.receiving.parsing import parse_again
from messaging.services import cancel_message, resolve_message
from messaging.suppressions import unsuppress
from project.tenancy.office import (
    Deed,
    EditableAdmin,
    ReadOnlyAdmin,
    ReadOnlyInline,
    reach_of,
)


class FolderInline(ReadOnlyInline):
    model = Folder
    workspace_at = "inbox__workspace"


@admin.register(Inbox)
class InboxAdmin(ReadOnlyAdmin):
    list_display = ["address", "name", "workspace", "state", "created_at"]
    list_filter = ["state", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["address", "name"]
    exclude = ["smtp_url"]
    inlines = [FolderInline]


@admin.register(Folder)
class FolderAdmin(ReadOnlyAdmin):
    workspace_at = "inbox__workspace"
    list_display = ["name", "role", "inbox", "created_at"]
    list_filter = ["role"]
    list_select_related = ["inbox"]
    search_fields = ["name", "inbox__address"]


class CustomerAddressInline(ReadOnlyInline):
    model = CustomerAddress
    fields = ["kind", "value", "label", "verified"]


@admin.register(Customer)
class CustomerAdmin(EditableAdmin):
    list_display = ["__str__", "email", "workspace", "created_at", "updated_at"]
    inlines = [CustomerAddressInline]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "addresses__value", "external_id"]
    raw_id_fields = ["workspace"]
    readonly_fields = ["created_at", "updated_at"]

    def rows(self, request: HttpRequest) -> QuerySet[Customer]:
        return Customer.objects.in_full()


@admin.register(CustomerAddress)
class CustomerAddressAdmin(ReadOnlyAdmin):
    list_display = ["value", "kind", "label", "verified", "customer", "workspace"]
    list_filter = ["kind", "workspace"]
    list_select_related = ["customer", "workspace"]
    search_fields = ["value"]


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    list_display = ["email", "reason", "applies_to", "workspace", "created_at"]
    list_filter = ["reason", "applies_to", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["email"]
    deeds = [
        Deed(
            name="lift",
            label="Lift",
            effect="The workspace writes to these addresses again; what was not sent stays so.",
            do=lambda suppression, reason: unsuppress(suppression=suppression),
        )
    ]


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    list_display = ["subject", "inbox", "workspace", "created_at"]
    list_filter = ["workspace"]
    list_select_related = ["inbox", "workspace"]
    search_fields = ["subject", "inbox__address"]


class StatusFilter(admin.SimpleListFilter):
    """What has become of messages, by the rules of `status_at`."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(status.value), str(status.label)) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in Status.values:
            return queryset
        wanted = Message.objects.with_status(str(self.value()), at=timezone.now())
        return queryset.filter(pk__in=wanted.order_by().values("pk"))


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages, without their words: a body is shown on a page of its own, for a reason."""

    list_display = [
        "subject",
        "status",
        "direction",
        "from_email",
        "inbox",
        "attachment_count",
        "size",
        "created_at",
        "sent_at",
    ]
    list_filter = [StatusFilter, "direction", "channel", "workspace", "created_at"]
    list_select_related = ["inbox"]
    search_fields = ["subject", "from_email", "rfc_message_id", "deliveries__recipients__email"]
    fields = [
        ("workspace", "inbox", "folder"),
        ("direction", "channel", "category"),
        ("size", "attachment_count"),
        ("thread", "customer"),
        ("send_at", "sent_at", "created_at"),
        ("tags", "metadata"),
        ("stores_content", "files_until", "files_released_at", "trashed_at"),
    ]
    change_form_template = "admin/office/message.html"
    deeds = [
        Deed(
            name="retry",
            label="Retry now",
            effect=(
                "What waits for its next try is tried now, and so is who was given up. Nobody is "
                "tried whose server may have the mail."
            ),
            do=lambda message, reason: retry_message(message=message),
        ),
        Deed(
            name="hold",
            label="Hold",
            effect="What has not left stays here until somebody releases or cancels it.",
            do=lambda message, reason: hold_message(message=message),
        ),
        Deed(
            name="release",
            label="Release",
            effect="What is held leaves at its time, or now.",
            do=lambda message, reason: release_message(message=message),
        ),
        Deed(
            name="cancel",
            label="Cancel",
            effect="They never leave. What has left, or is leaving right now, stays as it is.",
            do=lambda message, reason: cancel_message(message=message),
        ),
        Deed(
            name="resolve_sent",
            label="Resolve as sent",
            effect="Recipients of whom nobody knows whether they have it are said to have it.",
            do=lambda message, reason: resolve_message(message=message, outcome="sent"),
        ),
        Deed(
            name="resolve_unsent",
            label="Resolve as not sent",
            effect="Recipients of whom nobody knows whether they have it are said not to have it.",
            do=lambda message, reason: resolve_message(message=message, outcome="failed"),
        ),
    ]

    def rows(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.in_full().defer("text", "html", "headers", "annotations")

    def facts(self, request: HttpRequest, row: Message) -> dict[str, Any]:
        may_open = reach_of(request).may_operate(row.workspace_id)
        return {"dossier": dossier_of(row), "may_open": may_open}

    @admin.display
    def status(self, message: Message) -> str:
        return message.status_at(timezone.now())


class RecipientInline(ReadOnlyInline):
    model = Recipient
    workspace_at = "delivery__message__workspace"
    fields = ["email", "role", "state", "code", "reply", "at"]


class AttemptInline(ReadOnlyInline):
    model = Attempt
    workspace_at = "delivery__message__workspace"
    fields = ["number", "outcome", "reply", "relay", "started_at", "ended_at"]


class Gated(admin.SimpleListFilter):
    """Deliveries that a file holds back, be they parked already or not."""

    title = "held back by a file"
    parameter_name = "gated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() != "yes":
            return queryset
        return queryset & Delivery.objects.open().gated()


class StageFilter(admin.SimpleListFilter):
    """How far deliveries are, by the rules of the mail flow."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.capitalize()) for name in stages(timezone.now())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rule = stages(timezone.now()).get(str(self.value()))
        return queryset.filter(rule) if rule else queryset


@admin.register(Arrival)
class ArrivalAdmin(ReadOnlyAdmin):
    list_display = [
        "recipient",
        "mail_from",
        "state",
        "via",
        "size",
        "attempts",
        "received_at",
        "problem",
    ]
    list_filter = ["state", "via", "workspace", "received_at"]
    list_select_related = ["inbox", "workspace"]
    search_fields = ["recipient", "mail_from", "=message__id", "=id"]
    deeds = [
        Deed(
            name="parse",
            label="Parse again",
            effect="Those that could not be read get another three tries.",
            do=lambda arrival, reason: parse_again(arrival=arrival),
        )
    ]


class RouteFilter(admin.SimpleListFilter):
    """How they leave."""

    title = "route"
    parameter_name = "via"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("relay", "Relay"), ("local", "Own inboxes"), ("rehearsal", "Rehearsal")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        route = self.value()
        return queryset.filter(route="" if route == "relay" else route) if route else queryset


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    workspace_at = "message__workspace"
    list_display = ["message", "route", "state", "due_at", "attempts", "deadline", "reason"]
    list_filter = [StageFilter, "state", Gated, RouteFilter]
    list_select_related = ["message"]
    search_fields = ["message__subject", "recipients__email", "=message__id"]
    inlines = [RecipientInline, AttemptInline]


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    workspace_at = "delivery__message__workspace"
    list_display = ["email", "role", "state", "code", "reply", "at", "delivery"]
    list_filter = ["state", "role", "code"]
    list_select_related = ["delivery"]
    search_fields = ["email", "=delivery__message__id"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    workspace_at = "delivery__message__workspace"
    list_display = ["delivery", "number", "outcome", "relay", "reply", "started_at", "ended_at"]
    list_filter = ["outcome", "relay", "ended_at"]
    list_select_related = ["delivery"]
    search_fields = ["=delivery__message__id", "reply"]


@admin.register(MessageAttachment)
class MessageAttachmentAdmin(ReadOnlyAdmin):
    workspace_at = "message__workspace"
    exclude = ["annotations"]
    list_display = ["filename", "message", "attachment", "position", "inline", "in_mail"]
    list_filter = ["inline", "in_mail"]
    list_select_related = ["message", "attachment"]
    search_fields = ["filename", "=message__id"]


@admin.register(Captured)
class CapturedAdmin(ReadOnlyAdmin):
    workspace_at = "delivery__message__workspace"
    list_display = ["captured_at", "mail_from", "recipients", "size", "sha256"]
    list_filter = ["captured_at"]
    search_fields = ["mail_from", "sha256"]
