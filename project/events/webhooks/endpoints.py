"""Those who listen: making, changing and ending the addresses that are told what happens."""

from __future__ import annotations

import ipaddress
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from project.errors import Conflict, Invalid, NotFound, Unprocessable
from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.events.services import emit, happened
from project.tenancy.models import Workspace
from project.tenancy.notices import tell_owners

MAX_URL = 2048
MAX_ENDPOINTS = 100  # of a workspace
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
TESTED = "webhook.tested"
DISABLED = "webhook.disabled"
UNHEARD = "The webhook was turned off."


class InvalidWebhookUrl(Invalid):
    """An address to which nothing may be sent."""

    code = "invalid_url"


class TooManyWebhooks(Unprocessable):
    """As many endpoints as a workspace may have."""

    code = "too_many_webhooks"


class WebhookOff(Conflict):
    """The endpoint is told nothing while it is turned off."""

    code = "webhook_off"


@transaction.atomic
def create_webhook(
    *,
    workspace: Workspace,
    dialect: str,
    url: str,
    events: Sequence[str] = (),
    description: str = "",
    annotations: Mapping[str, Any] | None = None,
) -> WebhookEndpoint:
    """An address that is told of `events`, or of all, in a door's shape; with a new secret.

    It is told of what happens from now on. Raises InvalidWebhookUrl and TooManyWebhooks.
    """
    count = workspace.webhooks.count()
    if count >= MAX_ENDPOINTS:
        raise TooManyWebhooks(
            f"There are {count} webhooks; a workspace may have {MAX_ENDPOINTS}.",
            limit=MAX_ENDPOINTS,
            actual=count,
        )
    endpoint = WebhookEndpoint(
        workspace=workspace,
        dialect=dialect,
        url=check_url(url),
        events=list(events),
        description=description,
        secret=_new_secret(),
        annotations=dict(annotations or {}),
    )
    _listen_from_now(endpoint)
    endpoint.save(force_insert=True)
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
    annotations: Mapping[str, Any] | None = None,
) -> None:
    """Change what is given; the secret stays. Raises InvalidWebhookUrl.

    Turned off, it is told nothing, and what it has not been told yet is given up; turned on, it is
    told of what happens from then on. A replay reaches the rest.
    """
    given = {
        "url": None if url is None else check_url(url),
        "events": None if events is None else list(events),
        "description": description,
        "is_active": is_active,
        "annotations": None if annotations is None else dict(annotations),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    row = lock_endpoint(endpoint)
    was_active, was_at = row.is_active, row.url
    for name, value in changes.items():
        setattr(row, name, value)
    if row.url != was_at or (row.is_active and not was_active):
        row.disabled_reason, row.failing_since = "", None
    if row.is_active and not was_active:
        _listen_from_now(row)
    row.save()
    if was_active and not row.is_active:
        _give_up(row, UNHEARD)
    _tell("webhook.updated", row)
    endpoint.refresh_from_db()


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, overlap: timedelta = OVERLAP) -> None:
    """Give it a new secret; the old one signs beside it for the time of `overlap`.

    Raises Invalid for more than 7 days.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        most, given = (int(one.total_seconds() // 3600) for one in (LONGEST_OVERLAP, overlap))
        raise Invalid(
            f"Two secrets may sign for 0 to {most} hours.",
            field="overlap_hours",
            limit=most,
            actual=given,
        )
    row = lock_endpoint(endpoint)
    row.previous_secret, row.secret = row.secret, _new_secret()
    row.previous_until = timezone.now() + overlap
    row.save(update_fields=["secret", "previous_secret", "previous_until", "updated_at"])
    _tell("webhook.rotated", row)
    endpoint.refresh_from_db()


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint) -> None:
    """Tell it, and nobody else, that somebody tries it, whatever it listens to.

    Raises WebhookOff.
    """
    lock_active(endpoint)
    _tell(TESTED, endpoint)


def lock_active(endpoint: WebhookEndpoint) -> None:
    """Lock an endpoint, so that it stays on. Raises WebhookOff and NotFound."""
    if not lock_endpoint(endpoint).is_active:
        raise WebhookOff("This webhook is turned off; turn it on first.")


@transaction.atomic
def disable(*, endpoint: WebhookEndpoint, reason: str) -> None:
    """Turn an endpoint off that does not take what it is told, and tell the owners why.

    To be called with its row locked.
    """
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True)
    if not rows.update(is_active=False, disabled_reason=reason, updated_at=timezone.now()):
        return
    _give_up(endpoint, UNHEARD)
    host = urlsplit(endpoint.url).hostname or ""  # the rest of an address may be a secret
    emit(
        happened(
            DISABLED,
            workspace_id=endpoint.workspace_id,
            subject_id=endpoint.pk,
            payload={"host": host, "reason": reason},
        )
    )
    tell_owners(
        workspace_id=endpoint.workspace_id,
        subject="A webhook has been turned off",
        text=(
            f"Enclose no longer calls your address at {host}.\n\n{reason}\n\n"
            "Once it answers again, turn the webhook on. What it has missed can be told again.\n"
        ),
    )


@transaction.atomic
def delete_webhook(*, endpoint: WebhookEndpoint) -> None:
    """Tell it nothing any more. Raises NotFound."""
    row = lock_endpoint(endpoint)
    _tell("webhook.deleted", row)
    row.delete()


def check_url(url: str) -> str:
    """An absolute https address of at most 2048 characters; raises InvalidWebhookUrl.

    Names are looked up when they are called, each time; an address that is one and not public is
    refused at once. With WEBHOOKS_TO_LOOPBACK, http:// to this machine is taken as well.
    """
    if len(url) > MAX_URL:
        raise InvalidWebhookUrl(
            f"The URL has {len(url)} characters; at most {MAX_URL} are taken.",
            field="url",
            limit=MAX_URL,
            actual=len(url),
        )
    parts = SplitResult("", "", "", "", "")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if parts.username is not None or parts.password is not None:
        raise InvalidWebhookUrl("A user and a password do not belong into a URL.", field="url")
    is_local = settings.WEBHOOKS_TO_LOOPBACK and host in ("127.0.0.1", "localhost", "::1")
    usable = parts.scheme == "https" or (is_local and parts.scheme == "http")
    if not (usable and host and port != 0 and url.isprintable() and " " not in url):
        raise InvalidWebhookUrl(
            "This must be an absolute URL that begins with https://.", field="url"
        )
    if not is_local and _is_private(host):
        raise InvalidWebhookUrl(f"{host} is not a public address.", field="url")
    return url


def lock_endpoint(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    """The endpoint as it is now, locked. Raises NotFound when it is gone."""
    row = WebhookEndpoint.objects.locked().filter(pk=endpoint.pk).first()
    if row is None:
        raise NotFound("This webhook has been deleted.")
    return row


def _is_private(host: str) -> bool:
    """Whether a host is a literal address that nobody outside could reach."""
    try:
        return host == "localhost" or not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _new_secret() -> str:
    """A secret as Standard Webhooks spells it: `whsec_` and base64."""
    return f"whsec_{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def _listen_from_now(endpoint: WebhookEndpoint) -> None:
    """Put it at the settled end of the log: what is committed later is told."""
    log = Event.objects.filter(workspace=endpoint.workspace_id).settled()
    last = log.order_by("-transaction", "-position").first()
    if last is not None:
        endpoint.told = last.cursor


def _give_up(endpoint: WebhookEndpoint, problem: str) -> None:
    """What it has not been told yet stays untold, until somebody replays it."""
    State = WebhookDelivery.State
    endpoint.deliveries.filter(state=State.PENDING).update(
        state=State.FAILED, problem=problem, due_at=None, done_at=timezone.now()
    )


def _tell(kind: str, endpoint: WebhookEndpoint) -> None:
    emit(happened(kind, workspace_id=endpoint.workspace_id, subject_id=endpoint.pk))
