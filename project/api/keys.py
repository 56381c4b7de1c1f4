"""API keys."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.fields import ChoiceField, IdField, LineField, TimeField
from project.api.idempotency import once
from project.api.permissions import require_unbound
from project.api.schema import PAGING, page_example, paged
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.api.views import ApiViewSet
from project.errors import Invalid, NotFound
from project.ids import read, spell
from project.tenancy.models import ApiKey, Scope
from project.tenancy.services import create_key, revoke_key

MAX_INBOXES = 1000


class KeyFields(StrictSerializer):
    """A key to be made."""

    name = LineField(required=False, max_length=255, help_text="What it is for.")
    scopes = serializers.ListField(
        child=ChoiceField(Scope.choices),
        required=False,
        min_length=1,
        help_text="Left out: all of them.",
    )
    inbox_ids = serializers.ListField(
        child=IdField("inb"),
        required=False,
        max_length=MAX_INBOXES,
        help_text="The only inboxes it is for; none: all.",
    )
    expires_at = TimeField(required=False, allow_null=True, help_text="Left out: never.")


class KeyOut(serializers.Serializer[ApiKey]):
    """A key; its secret is in the answer that makes it, and nowhere else."""

    id = IdField("key")
    name = serializers.CharField(help_text="What it is for.")
    hint = serializers.CharField(help_text="The secret's last four characters.")
    scopes = serializers.ListField(child=ChoiceField(Scope.choices), help_text="What it may do.")
    inbox_ids = serializers.ListField(child=IdField("inb"), help_text="None: all.")
    created_at = TimeField(help_text="When it was made.")
    expires_at = TimeField(allow_null=True, help_text="When it ends; null: never.")
    last_used_at = TimeField(allow_null=True, help_text="To the minute.")
    revoked_at = TimeField(allow_null=True, help_text="When it was revoked; null: it is in force.")

    def to_representation(self, instance: ApiKey) -> dict[str, Any]:
        return spell_key(instance)


class NewKeyOut(KeyOut):
    """A new key, with its secret."""

    secret = serializers.CharField(help_text="Shown this once; not in a replayed answer.")


def spell_key(key: ApiKey) -> dict[str, Any]:
    """A key as every native answer shows it."""
    return {
        "id": spell("key", key.pk),
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "inbox_ids": [spell("inb", id) for id in key.bound_inbox_ids],
        "created_at": spell_time(key.created_at),
        "expires_at": spell_time(key.expires_at),
        "last_used_at": spell_time(key.last_used_at),
        "revoked_at": spell_time(key.revoked_at),
    }


ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`key_…`")
EXAMPLE = {
    "id": "key_01kagyx6vqeq7b0m4v1c2n8t5r",
    "name": "web shop",
    "hint": "x3Qk",
    "scopes": ["read", "draft", "send", "files"],
    "inbox_ids": [],
    "created_at": "2026-01-31T09:00:00.000Z",
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
}
ONE = OpenApiExample("Key", response_only=True, value=EXAMPLE)
MADE = OpenApiExample(
    "Made", response_only=True, status_codes=["201"], value={**EXAMPLE, "secret": "enc_…"}
)


class KeyViewSet(ApiViewSet):
    """Keys: a program's way in."""

    scopes = {
        "list": Scope.ADMIN,
        "create": Scope.ADMIN,
        "retrieve": Scope.ADMIN,
        "destroy": Scope.ADMIN,
    }

    @extend_schema(
        request=KeyFields,
        responses={201: NewKeyOut},
        examples=[
            OpenApiExample(
                "Make",
                request_only=True,
                value={"name": "web shop", "scopes": ["read", "draft", "send", "files"]},
            ),
            MADE,
        ],
    )
    def create(self, request: Request) -> Response:
        """Make a key. Its secret is in this answer only: it cannot be read again."""
        require_unbound(self.caller)
        fields = self.parse(KeyFields)
        expires_at = fields.get("expires_at")
        if expires_at and expires_at <= timezone.now():
            raise Invalid("A new key expires in the future.", field="expires_at")
        secrets: list[str] = []

        def effect() -> Response:
            key, secret = create_key(workspace=self.workspace, **fields)
            secrets.append(secret)
            return Response(spell_key(key), status=201)

        response = once(request, effect)
        if secrets:  # put in after the answer was stored, so that the store has no secrets
            response.data["secret"] = secrets[-1]
        return response

    @extend_schema(responses=paged(KeyOut), parameters=PAGING, examples=[page_example(EXAMPLE)])
    def list(self, request: Request) -> Response:
        """Keys, newest first, revoked ones among them."""
        require_unbound(self.caller)
        return self.page(self.workspace.keys.all(), spell_key)

    @extend_schema(responses=KeyOut, parameters=[ID], examples=[ONE])
    def retrieve(self, request: Request, id: str) -> Response:
        """One key."""
        return Response(spell_key(self._key(id)))

    @extend_schema(responses={204: None}, parameters=[ID])
    def destroy(self, request: Request, id: str) -> Response:
        """Revoke a key: it is refused from this moment on."""
        revoke_key(key=self._key(id))
        return Response(status=204)

    def _key(self, id: str) -> ApiKey:
        require_unbound(self.caller)
        found = self.workspace.keys.filter(pk=read("key", id)).first()
        if found is None:
            raise NotFound(f"There is no key {id} here.")
        return found
