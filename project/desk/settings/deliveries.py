"""What a webhook was told, what it answered, and telling it again."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from project.desk.access import Desk
from project.desk.settings.frame import at_settings, render_settings
from project.desk.settings.webhooks import SECTION, endpoint_at, watch
from project.errors import NotFound
from project.events.models import WebhookDelivery
from project.events.webhooks.queue import replay
from project.ids import read


@require_safe
@at_settings
def delivery(request: HttpRequest, desk: Desk, id: str, delivery_id: str) -> HttpResponse:
    """One delivery with its body, and every request and answer."""
    found = _delivery(desk, id, delivery_id)
    facts = {
        "id": id,
        "delivery_id": delivery_id,
        "delivery": found,
        "body": _indented(found.body),
        "attempts": list(found.attempts.order_by("id")),
    }
    return render_settings(request, desk, "delivery.html", facts, section=SECTION)


@require_POST
@at_settings
def tell_again(request: HttpRequest, desk: Desk, id: str, delivery_id: str) -> HttpResponse:
    """Tell one thing again, whatever came of it before."""
    found = _delivery(desk, id, delivery_id)
    words = "It is told again in a moment; what comes of it appears below."
    return watch(request, id, lambda: replay(delivery=found), words)


def _delivery(desk: Desk, id: str, delivery_id: str) -> WebhookDelivery:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint_at(desk, id))
    found = rows.select_related("endpoint").filter(pk=read("whd", delivery_id)).first()
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id} of this webhook.")
    return found


def _indented(body: str) -> str:
    """A body for people to read: the same JSON, on more lines."""
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False) if body else ""
