"""Where the API begins: who the caller is, and where everything is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.browsable import LISTS, ROOT
from project.api.views import ApiView
from project.ids import spell

PLACES = (*sorted(LISTS.values()), "events", "limits", "docs", "schema")


class WorkspaceOut(serializers.Serializer[Any]):
    """A tenant; every answer is about one."""

    id = serializers.CharField(help_text="`wsp_…`")
    name = serializers.CharField(help_text="What people see.")


class RootOut(serializers.Serializer[Any]):
    """Who is asking, and where things are."""

    workspace = WorkspaceOut(help_text="The workspace of the key, or of the person.")
    actor = serializers.CharField(help_text="How events name you: `key:key_…` or `user:usr_…`.")
    scopes = serializers.ListField(
        child=serializers.CharField(), help_text="What the key, or your role, may do."
    )
    links = serializers.DictField(child=serializers.CharField(), help_text="Where things are.")


EXAMPLE = {
    "workspace": {"id": "wsp_01kagyx6vqeq7b0m4v1c2n8t5r", "name": "Acme"},
    "actor": "key:key_01kagyx6ddeq7b0m4v1c2n8t5r",
    "scopes": ["draft", "files", "read", "send"],
    "links": {"drafts": f"{ROOT}/drafts"},
}


class Root(ApiView):
    """The beginning."""

    @extend_schema(
        operation_id="root",
        tags=["api"],
        responses=RootOut,
        examples=[OpenApiExample("You", response_only=True, value=EXAMPLE)],
    )
    def get(self, request: Request) -> Response:
        """Who you are here, and where everything is: a good first request with a new key."""
        caller = self.caller
        return Response(
            {
                "workspace": {
                    "id": spell("wsp", caller.workspace.pk),
                    "name": caller.workspace.name,
                },
                "actor": caller.actor,
                "scopes": sorted(caller.scopes),
                "links": {place: f"{ROOT}/{place}" for place in PLACES},
            }
        )
