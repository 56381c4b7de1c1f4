"""How many drafts one client may make for one customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request

from project.contracts.base import VendorThrottle
from project.errors import TooMany
from project.ids import read_hex

if TYPE_CHECKING:
    from rest_framework.views import APIView


class DraftThrottle(VendorThrottle):
    """120 drafts a minute, counted for each client and customer."""

    setting = "KUSTOMER_DRAFTS_PER_MINUTE"

    def counted(self, request: Request, view: APIView) -> str | None:
        caller = super().counted(request, view)
        if request.method != "POST" or caller is None:
            return None
        return f"{caller}:{read_hex(view.kwargs['id'])}"

    def allow_request(self, request: Request, view: APIView) -> bool:
        if super().allow_request(request, view):
            return True
        raise TooMany(
            f"At most {self.most()} drafts a minute are made for one customer.",
            retry_after=int(self.wait()) + 1,
            limit=self.most(),
        )
