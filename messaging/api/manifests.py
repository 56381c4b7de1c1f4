"""Manifests at the native door, and the keys that they are signed with."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from attachments import docs as files
from messaging.api.docs import problem
from messaging.manifest.evidence import FORMAT
from messaging.manifest.keys import public_keys
from messaging.serializers.manifests import SignedManifestOut

KEY_ID = "Kc0bSxVn3kq1sJ0yV0aXl9n0m1hQ8uF7wq3s5V2gTzE"
EXAMPLE = {
    "manifest": {
        "format": FORMAT,
        "workspace": "wsp_01kagyx6vqeq7b0m4v1c2n8t5r",
        "message": "msg_01kagyx6tweq7b0m4v1c2n8t5r",
        "message_id": "<01kagyx6tweq7b0m4v1c2n8t5r@acme.test>",
        "sent_at": "2026-01-31T09:00:01.250Z",
        "envelope": {"from": "hello@acme.test", "recipients": ["ann@example.com"]},
        "mime": {"sha256": files.DIGEST, "size": 337612},
        "parts": [
            {
                "place": "1",
                "name": None,
                "content_type": "text/plain",
                "size": 25,
                "sha256": files.DIGEST,
                "transfer_encoding": "7bit",
                "disposition": None,
                "content_id": None,
                "verdict": None,
            },
            {
                "place": "2",
                "name": "invoice.pdf",
                "content_type": "application/pdf",
                "size": 245760,
                "sha256": files.DIGEST,
                "transfer_encoding": "base64",
                "disposition": "attachment",
                "content_id": None,
                "verdict": "clean",
            },
        ],
        "replies": [
            {
                "at": "2026-01-31T09:00:01.250Z",
                "attempt": 1,
                "relay": "mx.example.com:25",
                "mime_sha256": files.DIGEST,
                "recipient": "ann@example.com",
                "state": "accepted",
                "code": 250,
                "reply": "250 2.0.0 Ok",
            }
        ],
    },
    "signature": "pN5…",
    "key_id": KEY_ID,
}

MANIFEST: dict[str, Any] = {
    "responses": {
        200: SignedManifestOut,
        409: problem(
            "No server has taken it, or what was sent was not put down at the time.",
            code="not_sent",
            message="No server has taken this message, so there is nothing to prove.",
        ),
    },
    "parameters": [
        OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`msg_…`")
    ],
    "examples": [OpenApiExample("Sent", response_only=True, status_codes=["200"], value=EXAMPLE)],
}


@require_safe
@cache_control(public=True, max_age=3600)
def manifest_keys(request: HttpRequest) -> JsonResponse:
    """The public keys, the one that signs now first, as a JWK Set, which libraries can read."""
    return JsonResponse(public_keys())
