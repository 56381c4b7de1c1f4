"""Numbers for Prometheus: the requests of all web processes, and the mail flow as it is now."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from hmac import compare_digest

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import REGISTRY, CollectorRegistry, Histogram, exposition
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from attachments.figures import storage_figures
from messaging.figures import flow_at

SECONDS = Histogram(
    "enclose_request_seconds",
    "From the first byte of the head to the answer's head.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class MetricsMiddleware:
    """Counts requests by method, route and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match else ""
        SECONDS.labels(request.method, route, response.status_code).observe(
            time.monotonic() - began
        )
        return response


class HouseCollector(Collector):
    """The mail flow and the storage, read from the database when somebody asks."""

    def collect(self) -> Iterable[Metric]:
        now = timezone.now()
        number = GaugeMetricFamily(
            "enclose_mail", "Deliveries, recipients or arrivals in this state.", labels=["state"]
        )
        age = GaugeMetricFamily(
            "enclose_mail_age_seconds", "How late the oldest of them is.", labels=["state"]
        )
        for name, heap in flow_at(now).heaps.items():
            number.add_metric([name], heap.number)
            age.add_metric([name], heap.age(now).total_seconds())
        stored = GaugeMetricFamily(
            "enclose_stored_bytes", "Bytes of files; what they would be undivided.", labels=["kind"]
        )
        figures = storage_figures()
        stored.add_metric(["stored"], figures.stored_bytes)
        stored.add_metric(["logical"], figures.logical_bytes)
        yield from (number, age, stored)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All numbers, for whoever has METRICS_TOKEN; without one there is no such page."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not compare_digest(
        token.encode(), settings.METRICS_TOKEN.encode()
    ):
        raise Http404
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_Own())
    registry.register(HouseCollector())
    return HttpResponse(
        exposition.generate_latest(registry), content_type=exposition.CONTENT_TYPE_LATEST
    )


class _Own(Collector):
    """The numbers of this process alone."""

    def collect(self) -> Iterable[Metric]:
        return REGISTRY.collect()
