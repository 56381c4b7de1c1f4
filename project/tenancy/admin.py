"""Who is asking, in the back office."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import ReadOnlyPasswordHashField
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from project.tenancy.models import (
    ApiKey,
    Domain,
    IdempotencyRecord,
    Invitation,
    Member,
    Post,
    Scope,
    User,
    Workspace,
)
from project.tenancy.office import (
    Deed,
    EditableAdmin,
    EditableInline,
    ReadOnlyAdmin,
    Workspaces,
    is_superuser,
)
from project.tenancy.services import create_key, revoke_key


class NewPerson(forms.ModelForm):  # type: ignore[type-arg]
    """A person with a first password."""

    password = forms.CharField(widget=forms.PasswordInput, strip=False)

    class Meta:
        model = User
        fields = ["email", "name"]

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.set_password(self.cleaned_data["password"])
        if commit:
            user.save()
        return user


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person; the password is changed on a page of its own."""

    password = ReadOnlyPasswordHashField()

    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007  the fieldsets say which


class MembershipInline(EditableInline):
    model = Member
    raw_id_fields = ["user", "workspace"]


class PostInline(EditableInline):
    model = Post
    raw_id_fields = ["workspace"]


@admin.register(User)
class PersonAdmin(EditableAdmin, UserAdmin):  # type: ignore[type-arg]
    """People; of one who is in several workspaces, only the memberships within reach are shown."""

    workspace_at = "memberships__workspace"
    form = PersonForm
    add_form = NewPerson
    list_display = ["email", "name", "is_active", "is_staff", "last_login", "created_at"]
    list_filter = ["is_active", "is_staff", "workspaces"]
    search_fields = ["email", "name"]
    ordering = ["email"]
    readonly_fields = ["last_login", "created_at"]
    filter_horizontal = []
    fieldsets = [
        (None, {"fields": ["email", "name", "password"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser"]}),
        ("Times", {"fields": ["last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "password"]})]
    inlines = [MembershipInline, PostInline]

    def within(self, rows: QuerySet[Any], workspaces: Workspaces) -> QuerySet[Any]:
        if workspaces is None:
            return rows
        return rows.filter(pk__in=Member.objects.filter(workspace__in=workspaces).values("user"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found = super().get_fieldsets(request, obj)
        if is_superuser(request):
            return found
        return [(None, {"fields": ["email", "name", "is_active", "is_staff"]}), found[-1]]


@admin.register(Post)
class PostAdmin(EditableAdmin):
    list_display = ["user", "duty", "workspace", "created_at"]
    list_filter = ["duty", "workspace"]
    list_select_related = ["user", "workspace"]
    search_fields = ["user__email", "workspace__name"]
    raw_id_fields = ["user", "workspace"]
    readonly_fields = ["created_at"]


class DomainInline(EditableInline):
    model = Domain


@admin.register(Workspace)
class WorkspaceAdmin(EditableAdmin):
    workspace_at = "pk"
    list_display = [
        "name",
        "max_file_bytes",
        "max_message_bytes",
        "max_stored_bytes",
        "stores_content",
        "created_at",
    ]
    list_filter = ["stores_content"]
    search_fields = ["name", "domains__name"]
    readonly_fields = ["created_at"]
    inlines = [MembershipInline, DomainInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # with it would go all of its mail


@admin.register(Member)
class MemberAdmin(EditableAdmin):
    list_display = ["user", "workspace", "role", "created_at"]
    list_filter = ["role", "workspace"]
    list_select_related = ["user", "workspace"]
    search_fields = ["user__email", "workspace__name"]
    raw_id_fields = ["user", "workspace"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """For looking: an invitation is taken by its link, and taken back at the desk."""

    list_display = ["email", "role", "workspace", "invited_by", "created_at", "expires_at"]
    list_filter = ["role", "workspace"]
    list_select_related = ["workspace", "invited_by"]
    search_fields = ["email", "workspace__name"]


@admin.register(Domain)
class DomainAdmin(EditableAdmin):
    list_display = ["name", "workspace", "created_at"]
    list_filter = ["workspace"]
    list_select_related = ["workspace"]
    search_fields = ["name"]
    raw_id_fields = ["workspace"]


class NewKey(forms.ModelForm):  # type: ignore[type-arg]
    """A key to be made."""

    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, initial=Scope.values, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiKey
        fields = ["workspace", "name", "scopes", "expires_at"]


@admin.register(ApiKey)
class ApiKeyAdmin(EditableAdmin):
    """Keys are made and revoked here, never changed; the secret is shown once, when it is made."""

    deeds = [
        Deed(
            name="revoke",
            label="Revoke",
            effect="They stop working at once, for good. Programs that use them are turned away.",
            do=lambda key, reason: revoke_key(key=key),
        )
    ]

    form = NewKey
    list_display = [
        "__str__",
        "workspace",
        "spelt_scopes",
        "last_used_at",
        "expires_at",
        "is_alive",
    ]
    list_filter = ["workspace", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["workspace"]
    search_fields = ["name", "hint"]
    raw_id_fields = ["workspace"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        made = ["hint", "inbox_ids", "created_at", "last_used_at", "revoked_at"]
        return ["workspace", "name", "scopes", "expires_at", *(made if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj) if obj else []

    @admin.display(description="scopes")
    def spelt_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(boolean=True, description="alive", ordering="revoked_at")
    def is_alive(self, key: ApiKey) -> bool:
        return key.revoked_at is None

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        given = form.cleaned_data
        key, secret = create_key(
            workspace=given["workspace"],
            name=given["name"],
            scopes=given["scopes"],
            expires_at=given["expires_at"],
        )
        obj.__dict__.update(key.__dict__)  # the service has saved it: the admin goes on with that
        self.message_user(request, f"The key is {secret} and is not shown again.", messages.WARNING)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    list_display = ["key", "door", "workspace", "status", "created_at", "expires_at"]
    list_filter = ["door", "status", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["key"]
    exclude = ["answer"]
