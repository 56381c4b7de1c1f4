"""Signing keys in the back office."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from messaging.dkim.keys import (
    check_new_key,
    check_signing_key,
    make_signing_key,
    need_of,
    remove_signing_key,
    start_signing_key,
    stop_signing_key,
)
from messaging.models import SigningKey
from project.errors import Refusal
from project.tenancy.models import Domain
from project.tenancy.office import Deed, ReadOnlyAdmin, reach_of, within


class NewSigningKey(forms.ModelForm):  # type: ignore[type-arg]
    """A key to be made."""

    class Meta:
        model = SigningKey
        fields = ["domain", "selector"]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_new_key(**given)
            except Refusal as refusal:
                self.add_error(refusal.field, refusal.message)
        return given


@admin.register(SigningKey)
class SigningKeyAdmin(ReadOnlyAdmin):
    """Keys that sign mail (DKIM): operators make them for the domains of whom they operate."""

    workspace_at = "domain__workspace"
    form = NewSigningKey
    list_display = ["selector", "domain", "state", "problem", "checked_at", "active_at"]
    list_filter = ["state"]
    search_fields = ["selector", "domain__name"]
    change_form_template = "admin/office/signing_key.html"
    deeds = [
        Deed(
            name="check",
            label="Look in DNS",
            effect="A new key whose record is found signs from now on, in place of the one before.",
            do=lambda key, reason: check_signing_key(key=key),
        ),
        Deed(
            name="start",
            label="Have it sign",
            effect=(
                "A new key signs from now on, in place of the one before, whatever DNS says. While "
                "its record is not there, servers take the mail for unsigned."
            ),
            do=lambda key, reason: start_signing_key(key=key),
        ),
        Deed(
            name="stop",
            label="Stop",
            effect="It signs nothing new: mail of the domain leaves unsigned. This is for good.",
            do=lambda key, reason: stop_signing_key(key=key),
        ),
        Deed(
            name="remove",
            label="Remove",
            effect="It is forgotten. One that signs, or that mail on its way may need, stays.",
            do=lambda key, reason: remove_signing_key(key=key),
        ),
    ]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return ["domain", "selector"]
        return ["domain", "selector", "state", "created_at", "active_at", "retired_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj) if obj else []

    def facts(self, request: HttpRequest, row: SigningKey) -> dict[str, Any]:
        return {"need": need_of(row)}

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return reach_of(request).is_operator

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **words: Any) -> Any:
        operated = reach_of(request).operates
        words["queryset"] = within(Domain.objects.order_by("name"), "workspace", operated)
        return super().formfield_for_foreignkey(db_field, request, **words)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        key = make_signing_key(**form.cleaned_data)
        obj.__dict__.update(key.__dict__)  # the service has saved it: the admin goes on with that
