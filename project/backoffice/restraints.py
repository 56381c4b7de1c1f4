"""Pauses and hold rules in the back office: made, changed and ended by operators, with a reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from messaging.addresses import read_address
from messaging.errors import AlreadyPaused, InvalidAddress
from messaging.models import HoldRule, Pause
from messaging.pausing import check_end, pause_sending, pauses_in
from messaging.rules import domain_of, save_rule
from project.backoffice.resuming import may_resume
from project.errors import Invalid
from project.tenancy.models import Workspace
from project.tenancy.office import ReadOnlyAdmin, reach_of, within


class OperatedAdmin(ReadOnlyAdmin):
    """Pages of a model that operators write, of their workspaces or of all of them."""

    list_select_related = ["workspace"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_operator

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **words: Any) -> Any:
        """The workspaces that the person operates; none of them means all, for who operates all."""
        field: Any = super().formfield_for_foreignkey(db_field, request, **words)
        operates = reach_of(request).operates
        field.queryset = within(Workspace.objects.order_by("name"), "pk", operates)
        field.required = operates is not None
        field.empty_label = None if field.required else "The whole installation"
        return field


class PauseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A pause to be made."""

    class Meta:
        model = Pause
        fields = "__all__"  # noqa: DJ007  the pages say which
        help_texts = {
            "reason": "People at the desk read this.",
            "is_drain": "Workers end what they have, such as before a new version.",
            "ends_at": "It ends by itself then. Blank: when somebody resumes.",
        }

    def clean_ends_at(self) -> Any:
        ends_at = self.cleaned_data["ends_at"]
        try:
            check_end(ends_at)
        except Invalid as refusal:
            raise ValidationError(refusal.message) from refusal
        return ends_at


@admin.register(Pause)
class PauseAdmin(OperatedAdmin):
    """What is paused now; to add one is to pause. What was is in the log."""

    form = PauseForm
    list_display = ["__str__", "is_drain", "reason", "since", "ends_at"]
    change_form_template = "admin/office/pause.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pause]:
        return pauses_in(reach_of(request).sees)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        # only the whole installation can be drained
        drain = ["is_drain"] if obj or reach_of(request).operates is None else []
        return ["workspace", *drain, "reason", *(["since"] if obj else []), "ends_at"]

    def facts(self, request: HttpRequest, row: Pause) -> dict[str, Any]:
        return {"may_resume": may_resume(request, row)}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except AlreadyPaused as refusal:  # by somebody else, since the form was checked
            messages.error(request, refusal.message)
            return redirect("admin:messaging_pause_changelist")

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        given = form.cleaned_data
        pause = pause_sending(
            workspace=given["workspace"],
            reason=given["reason"],
            ends_at=given["ends_at"],
            is_drain=given.get("is_drain", False),
        )
        obj.__dict__.update(pause.__dict__)  # the service has saved it


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule, and why it is made or changed."""

    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why you make or change it. It is kept in the log.",
    )

    class Meta:
        model = HoldRule
        fields = "__all__"  # noqa: DJ007  the pages say which

    def clean_sender(self) -> str:
        given: str = self.cleaned_data["sender"].strip()
        return _address(given).email.lower() if given else ""

    def clean_recipient_domain(self) -> str:
        given: str = self.cleaned_data["recipient_domain"].strip().removeprefix("@")
        return domain_of(_address(f"someone@{given}").email) if given else ""

    def clean_content_type(self) -> str:
        given: str = self.cleaned_data["content_type"].strip().lower()
        if given and given.count("/") != 1:
            raise ValidationError("Such as application/zip, or image/* for all of a kind.")
        return given


def _address(text: str) -> Any:
    try:
        return read_address(text, field="sender")
    except InvalidAddress as refusal:
        raise ValidationError(refusal.message) from refusal


@admin.register(HoldRule)
class HoldRuleAdmin(OperatedAdmin):
    """Rules are turned off, not deleted: what they have held still names them."""

    form = RuleForm
    list_display = ["name", "workspace", "is_active", "asks", "hold_hours", "holds_now"]
    list_filter = ["is_active", "workspace"]
    search_fields = ["name", "sender", "recipient_domain", "content_type"]

    def rows(self, request: HttpRequest) -> QuerySet[HoldRule]:
        held = Count("holds", filter=Q(holds__delivery__state="held"))
        return HoldRule.objects.annotate(number_held=held)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        meant = ["sender", "recipient_domain", "content_type", "min_bytes"]
        reason = ["reason"] if obj is None or self.has_change_permission(request, obj) else []
        return ["name", "workspace", *meant, "hold_hours", "is_active", *reason]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        reach = reach_of(request)
        return reach.is_operator if obj is None else reach.may_operate(obj.workspace_id)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        save_rule(rule=obj, reason=form.cleaned_data["reason"])

    @admin.display(description="which mail")
    def asks(self, rule: HoldRule) -> str:
        return rule.in_words()

    @admin.display(description="holds now")
    def holds_now(self, rule: Any) -> int:
        return int(rule.number_held)
