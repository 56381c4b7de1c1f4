"""Whether this process lives, and whether it can work."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import storages
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

log = logging.getLogger(__name__)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", "text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether everything that requests need answers; what is wrong is in the log only."""
    found = {name: _passes(name, check) for name, check in CHECKS.items()}
    ready = all(found.values())
    checks = {name: "ok" if passed else "failed" for name, passed in found.items()}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _passes(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except Exception:  # whatever it is, the answer is "not ready" and the log has it
        log.exception("Not ready: %s", name)
        return False
    return True


def check_database() -> None:
    """One round trip."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_storage() -> None:
    """One question to the storage of attachments; on S3 a HEAD."""
    storages["attachments"].exists("readyz")


def check_disk() -> None:
    """A file can be made below DATA_DIR."""
    with tempfile.TemporaryFile(dir=settings.DATA_DIR):
        pass


def check_cache() -> None:
    """One question to the cache."""
    cache.get("readyz")


CHECKS: dict[str, Callable[[], object]] = {
    "database": check_database,
    "storage": check_storage,
    "disk": check_disk,
    "cache": check_cache,
}
