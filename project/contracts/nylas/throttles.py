"""How many messages a grant may send, as the vendor has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rest_framework.request import Request

from project.api.caller import Caller
from project.contracts.base import VendorThrottle
from project.contracts.nylas.base import GrantView

if TYPE_CHECKING:
    from rest_framework.views import APIView


class SendThrottle(VendorThrottle):
    """Sends of one grant in a second."""

    window_seconds = 1
    forms = False

    def counted(self, request: Request, view: APIView) -> str | None:
        is_form = (request.content_type or "").startswith("multipart/")
        caller: Any = request.auth
        if not isinstance(caller, Caller) or is_form != self.forms:
            return None
        return str(cast("GrantView", view).grant.pk)


class JsonSends(SendThrottle):
    """Those with a body of JSON, or none."""

    setting = "NYLAS_JSON_SENDS_PER_SECOND"


class FormSends(SendThrottle):
    """Those with a form."""

    setting = "NYLAS_MULTIPART_SENDS_PER_SECOND"
    forms = True
