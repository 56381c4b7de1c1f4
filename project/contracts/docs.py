"""The pages that describe the contracts, one each, and their OpenAPI descriptions."""

from __future__ import annotations

from typing import Any

from django.urls import path

from project.api.docs import DocsView, SchemaView
from project.contracts.doors import DOORS, Door


def description_of(door: Door) -> dict[str, Any]:
    """The settings under which one contract is described."""
    return {
        "TITLE": door.title,
        "DESCRIPTION": door.introduction,
        "VERSION": "1",
        "PREPROCESSING_HOOKS": [],
        "ENUM_NAME_OVERRIDES": {},
    }


urlpatterns = [
    *(
        path(
            f"schema/{door.name}",
            SchemaView.as_view(urlconf=door.urls, custom_settings=description_of(door)),
            name=f"schema-{door.name}",
        )
        for door in DOORS
    ),
    *(
        path(
            f"docs/{door.name}",
            DocsView.as_view(url_name=f"schema-{door.name}", title=door.title),
            name=f"docs-{door.name}",
        )
        for door in DOORS
    ),
]
