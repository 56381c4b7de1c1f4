"""Mail in the back office: for looking, and for what the outbox's services can do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from messaging.errors import TooLate
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
from messaging.receiving.parsing import parse_again
from messaging.services import cancel_message
from messaging.suppressions import unsuppress
from project.tenancy.admin import ReadOnlyAdmin, ReadOnlyInline


class FolderInline(ReadOnlyInline):
    model = Folder


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
    list_display = ["name", "role", "inbox", "created_at"]
    list_filter = ["role"]
    list_select_related = ["inbox"]
    search_fields = ["name", "inbox__address"]


class CustomerAddressInline(ReadOnlyInline):
    model = CustomerAddress
    fields = ["kind", "value", "label", "verified"]


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["__str__", "email", "workspace", "created_at", "updated_at"]
    inlines = [CustomerAddressInline]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name", "addresses__value", "external_id"]
    raw_id_fields = ["workspace"]
    readonly_fields = ["created_at", "updated_at"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
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
    actions = ["lift"]

    @admin.action(description="Write to the chosen addresses again", permissions=["lift"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Suppression]) -> None:
        for suppression in chosen:
            unsuppress(suppression=suppression)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.delete_suppression")


@admin.register(Thread)
class ThreadAdmin(ReadOnlyAdmin):
    list_display = ["subject", "inbox", "workspace", "created_at"]
    list_filter = ["workspace"]
    list_select_related = ["inbox", "workspace"]
    search_fields = ["subject", "inbox__address"]


class EnclosureInline(ReadOnlyInline):
    model = MessageAttachment
    fields = ["position", "filename", "attachment", "inline", "content_id", "in_mail"]


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    fields = ["route", "state", "due_at", "attempts", "deadline", "reason", "done_at"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
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
    list_filter = ["direction", "channel", "workspace", "created_at"]
    list_select_related = ["inbox"]
    search_fields = ["subject", "from_email", "rfc_message_id", "deliveries__recipients__email"]
    exclude = ["text", "html"]
    inlines = [EnclosureInline, DeliveryInline]
    actions = ["cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return Message.objects.in_full().defer("text", "html", "headers")

    @admin.display
    def status(self, message: Message) -> str:
        return message.status_at(timezone.now())

    @admin.action(description="Cancel the chosen messages", permissions=["cancel"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        late = 0
        for message in chosen:
            try:
                cancel_message(message=message)
            except TooLate:
                late += 1
        if late:
            self.message_user(request, f"Too late for {late} of them.", messages.WARNING)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_message")


class RecipientInline(ReadOnlyInline):
    model = Recipient
    fields = ["email", "role", "state", "code", "reply", "at"]


class AttemptInline(ReadOnlyInline):
    model = Attempt
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
    actions = ["read_again"]

    @admin.action(description="Read those that failed again", permissions=["change_any"])
    def read_again(self, request: HttpRequest, chosen: QuerySet[Arrival]) -> None:
        for arrival in chosen:
            parse_again(arrival=arrival)

    def has_change_any_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("messaging.change_arrival")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["message", "route", "state", "due_at", "attempts", "deadline", "reason"]
    list_filter = ["state", Gated, "route"]
    list_select_related = ["message"]
    search_fields = ["message__subject", "recipients__email", "=message__id"]
    inlines = [RecipientInline, AttemptInline]


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    list_display = ["email", "role", "state", "code", "reply", "at", "delivery"]
    list_filter = ["state", "role"]
    list_select_related = ["delivery"]
    search_fields = ["email", "=delivery__message__id"]


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ["delivery", "number", "outcome", "relay", "reply", "started_at", "ended_at"]
    list_filter = ["outcome", "relay", "ended_at"]
    list_select_related = ["delivery"]
    search_fields = ["=delivery__message__id", "reply"]


@admin.register(MessageAttachment)
class MessageAttachmentAdmin(ReadOnlyAdmin):
    list_display = ["filename", "message", "attachment", "position", "inline", "in_mail"]
    list_filter = ["inline", "in_mail"]
    list_select_related = ["message", "attachment"]
    search_fields = ["filename", "=message__id"]


@admin.register(Captured)
class CapturedAdmin(ReadOnlyAdmin):
    list_display = ["captured_at", "mail_from", "recipients", "size", "sha256"]
    list_filter = ["captured_at"]
    search_fields = ["mail_from", "sha256"]
