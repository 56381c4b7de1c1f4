"""What is changed by hand in the back office, put into the log: who, what, before and after."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest

from project.events.services import emit, happened
from project.fields import EncryptedTextField
from project.tenancy.models import Member, User, Workspace
from project.tenancy.office import ReadOnlyAdmin

log = logging.getLogger(__name__)

KIND = "record.changed"
ADDED, CHANGED, DELETED = "added", "changed", "deleted"

#: fields of which only the name is told, beside those that are encrypted
SECRETS = {"password", "password1", "password2", "sha256", "secret"}

#: before and after by field; of a secret, neither
Changes = Mapping[str, Mapping[str, Any]]


class Recorded(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pages of which every change is an event, in the transaction that makes it."""

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """As Django does, which asks for these words once a change is saved, on whatever page."""
        changed = changes_in(form)
        if add or changed:
            row = form.instance if hasattr(form, "instance") else form.user
            record(request, row, ADDED if add else CHANGED, changed)
        for formset in formsets or ():
            for one in formset.initial_forms:
                if one not in formset.deleted_forms and (changed := changes_in(one)):
                    record(request, one.instance, CHANGED, changed)
            for one in formset.extra_forms:
                if one.instance in formset.new_objects:
                    record(request, one.instance, ADDED, changes_in(one))
        return super().construct_change_message(request, form, formsets, add)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for one in formset.deleted_forms:
            if not one.instance._state.adding:
                record(request, one.instance, DELETED)  # as long as one sees whose it is
        super().save_formset(request, form, formset, change)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """As Django does, which asks for it before it deletes."""
        for row in queryset:
            record(request, row, DELETED)
        return super().log_deletions(request, queryset)


def record(request: HttpRequest, row: Model, verb: str, changes: Changes | None = None) -> None:
    """Write that somebody has changed a row, for every workspace that it belongs to.

    What belongs to none is put down in those of whoever changed it; if there are none either, it
    is in the log of the process.
    """
    user = request.user
    assert isinstance(user, User)
    payload = {
        "model": row._meta.label_lower,
        "id": str(row.pk),
        "name": str(row),
        "verb": verb,
        "changes": dict(changes or {}),
    }
    places = _places_of(row) or _memberships(user)
    subject = row.pk if isinstance(row.pk, UUID) else user.pk
    events = [
        happened(KIND, workspace_id=place, subject_id=subject, payload=payload) for place in places
    ]
    emit(*events)
    if not events:
        facts = {"by": user.actor, "model": payload["model"], "row": payload["id"], "verb": verb}
        log.warning(KIND, extra=facts)


def changes_in(form: BaseForm) -> Changes:
    """What somebody has changed in a form that was saved."""
    model = form._meta.model if hasattr(form, "_meta") else User
    is_ours = isinstance(admin.site._registry.get(model), ReadOnlyAdmin)
    found: dict[str, Mapping[str, Any]] = {}
    for name in form.changed_data:
        before, after = _plain(form.initial.get(name)), _plain(form.cleaned_data.get(name))
        if not is_ours or _is_secret(model, name):
            found[name] = {}
        elif before != after:  # a field of JSON takes any text for a change
            found[name] = {"before": before, "after": after}
    return found


def _is_secret(model: type[Model], name: str) -> bool:
    fields = {field.name: field for field in model._meta.get_fields()}
    return name in SECRETS or isinstance(fields.get(name), EncryptedTextField)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, QuerySet | list | tuple | set):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    try:
        return DjangoJSONEncoder().default(value)
    except TypeError:
        return str(value)


def _places_of(row: Model) -> Sequence[UUID]:
    if isinstance(row, Workspace):
        return [row.pk]
    pages = admin.site._registry.get(type(row))
    if not isinstance(pages, ReadOnlyAdmin):
        return []
    rows = type(row)._base_manager.filter(pk=row.pk)
    found = rows.values_list(pages.workspace_at, flat=True).distinct()
    return [place for place in found if place is not None]


def _memberships(user: User) -> Sequence[UUID]:
    return list(Member.objects.filter(user=user).values_list("workspace", flat=True))
