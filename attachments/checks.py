"""What must be true of the whole project for this app to do its work."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from attachments.models import Attachment
from attachments.uses import VERBS


@register(Tags.models)
def check_uses(**options: Any) -> list[CheckMessage]:
    """Whoever points at Attachment says when it needs the bytes (see `uses`)."""
    return [
        Error(
            f"{relation.related_model._meta.label} points at Attachment, and its queryset has no "
            f"{verb}().",
            hint="See attachments/uses.py.",
            obj=relation.related_model,
            id="attachments.E001",
        )
        for relation in Attachment._meta.related_objects
        for verb in VERBS
        if not hasattr(relation.related_model._default_manager, verb)
    ]
