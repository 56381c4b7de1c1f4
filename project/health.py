"""Whether this process lives, and whether it can work."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from datetime import timedelta

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from attachments.models import incoming_key
from attachments.scanning.clamd import Clamd
from attachments.storage import attachment_storage
from messaging.figures import flow_at, late_since
from messaging.pausing import state_of_sending
from project.ids import new_id

log = logging.getLogger(__name__)


@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", "text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether requests can be answered, and whether what was accepted gets done.

    Mail is accepted, and safe, without broker and workers: taking the web away because of them
    would make a small trouble a large one. So they are told, and decide the status only of
    `?all=true`, for those who watch. What is wrong is in the log only.
    A pause or a drain is somebody's will: it is named, and decides nothing.
    """
    found = dict(passing())
    ready = all(found[name] for name in NEEDED)
    well = all(found.values()) if request.GET.get("all") == "true" else ready
    checks = {name: "ok" if passed else "failed" for name, passed in found.items()}
    sending = state_of_sending() if found["database"] else "unknown"
    answer = {"ready": ready, "sending": sending, "checks": checks}
    return JsonResponse(answer, status=200 if well else 503)


def passing() -> list[tuple[str, bool]]:
    """Every check by name, and whether it passes; of a scanner only where there is one."""
    wanted = NEEDED | WORK | (SCANNING if settings.CLAMD_URL else {})
    return [(name, _passes(name, check)) for name, check in wanted.items()]


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
    """A few bytes go to the storage of attachments and come back."""
    storage = attachment_storage()
    key = storage.save(incoming_key(new_id()), ContentFile(b"readyz"))
    try:
        with storage.open(key) as file:
            if file.read() != b"readyz":
                raise ValueError("The storage gave other bytes back.")
    finally:
        storage.delete(key)


def check_disk() -> None:
    """A file can be made below DATA_DIR."""
    with tempfile.TemporaryFile(dir=settings.DATA_DIR):
        pass


def check_cache() -> None:
    """One question to the cache."""
    cache.get("readyz")


def check_broker() -> None:
    """One connection to the broker."""
    with current_app.connection_for_write(connect_timeout=2) as line:
        line.ensure_connection(max_retries=0)


def check_queue() -> None:
    """Nothing that is due, or has come in, has been left lying for long."""
    now = timezone.now()
    oldest = min(late_since(flow_at(now)), default=now)
    if now - oldest > LATE:
        raise TimeoutError(f"Work has been lying since {oldest}: are there workers and a clock?")


def check_scanner() -> None:
    """The scanner for malware says its version."""
    Clamd(settings.CLAMD_URL, connect=1.0).version()


#: how long due mail may lie before the queue counts as stuck
LATE = timedelta(minutes=5)

Checks = dict[str, Callable[[], object]]
NEEDED: Checks = {
    "database": check_database,
    "storage": check_storage,
    "disk": check_disk,
    "cache": check_cache,
}
WORK: Checks = {"broker": check_broker, "queue": check_queue}
SCANNING: Checks = {"scanner": check_scanner}
