"""Which addresses browser clients of other origins may use: those of the doors."""

from __future__ import annotations

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest

from project.api.errors import door_of


class DoorCorsMiddleware(CorsMiddleware):
    """CORS at every door and nowhere else, for the origins of CORS_ORIGINS."""

    def is_enabled(self, request: HttpRequest) -> bool:
        return door_of(request.path_info) is not None
