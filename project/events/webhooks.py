"""Those who listen: making, changing and ending the addresses that are told what happens."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.db import transaction

from project.errors import Invalid
from project.events.models import WebhookEndpoint
from project.events.services import emit, happened
from project.tenancy.models import Workspace

MAX_URL = 2048
SECRET_BYTES = 32


class InvalidWebhookUrl(Invalid):
    """An address to which nothing may be sent."""

    code = "invalid_url"


@transaction.atomic
def create_webhook(
    *,
    workspace: Workspace,
    dialect: str,
    url: str,
    events: Sequence[str] = (),
    description: str = "",
) -> WebhookEndpoint:
    """An address that is told of `events`, or of all, in a door's shape; with a new secret.

    Raises InvalidWebhookUrl.
    """
    endpoint = WebhookEndpoint.objects.create(
        workspace=workspace,
        dialect=dialect,
        url=check_url(url),
        events=list(events),
        description=description,
        secret=f"whsec_{secrets.token_urlsafe(SECRET_BYTES)}",
    )
    _tell("webhook.created", endpoint)
    return endpoint


@transaction.atomic
def update_webhook(
    *,
    endpoint: WebhookEndpoint,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    is_active: bool | None = None,
) -> None:
    """Change what is given; the secret stays. Raises InvalidWebhookUrl."""
    given = {
        "url": None if url is None else check_url(url),
        "events": None if events is None else list(events),
        "description": description,
        "is_active": is_active,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    for name, value in changes.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=[*changes, "updated_at"])
    _tell("webhook.updated", endpoint)


@transaction.atomic
def delete_webhook(*, endpoint: WebhookEndpoint) -> None:
    """Tell it nothing any more."""
    _tell("webhook.deleted", endpoint)
    endpoint.delete()


def check_url(url: str) -> str:
    """An absolute https address of at most 2048 characters; raises InvalidWebhookUrl."""
    if len(url) > MAX_URL:
        raise InvalidWebhookUrl(
            f"The URL has {len(url)} characters; at most {MAX_URL} are taken.",
            field="url",
            limit=MAX_URL,
            actual=len(url),
        )
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise InvalidWebhookUrl(
            "This must be an absolute URL that begins with https://.", field="url"
        )
    return url


def _tell(kind: str, endpoint: WebhookEndpoint) -> None:
    emit(happened(kind, workspace_id=endpoint.workspace_id, subject_id=endpoint.pk))
