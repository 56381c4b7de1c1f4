"""What operators see first: each number leads to the rows that it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, Max, Min, QuerySet, Value, When
from django.db.models.functions import StrIndex, Substr, TruncDate
from django.urls import reverse
from django.utils import timezone

from attachments.figures import StorageFigures, scan_heaps, storage_figures
from attachments.models import Attachment, Upload
from messaging.figures import Heap, flow_at
from messaging.models import Arrival, Attempt, Message, Pause, Recipient
from messaging.pausing import pauses_in
from project import health
from project.backoffice.charts import Chart, chart_of
from project.ids import floor_of
from project.tenancy.office import Workspaces, within

LATELY = timedelta(days=7)
DAYS = 14
CAUSES = 12
TROUBLE = (Recipient.State.DEFERRED, Recipient.State.REFUSED, Recipient.State.BOUNCED)
#: heap of the mail flow -> its title, and where its rows are listed
HEAPS = {
    "due": ("Queued", "messaging_delivery", {"stage": "due"}),
    "paused": ("Due, but paused", "messaging_delivery", {"stage": "paused"}),
    "sending": ("Sending", "messaging_delivery", {"stage": "sending"}),
    "late": ("To be tried again", "messaging_delivery", {"stage": "late"}),
    "scheduled": ("Scheduled", "messaging_delivery", {"stage": "scheduled"}),
    "waiting": ("Waiting for files", "messaging_delivery", {"stage": "waiting"}),
    "held": ("Held", "messaging_delivery", {"stage": "held"}),
    "unknown": ("Unknown outcomes", "messaging_recipient", {"state__exact": "unknown"}),
    "unread": ("Came in, not yet read", "messaging_arrival", {"state__exact": "received"}),
    "poison": ("Came in, cannot be read", "messaging_arrival", {"state__exact": "failed"}),
    "checking": ("Files being checked", "attachments_attachment", {"scan": "checking"}),
    "quarantined": ("Files in quarantine", "attachments_attachment", {"scan": "quarantined"}),
}


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A number, since when, and where its rows are."""

    name: str
    title: str
    heap: Heap
    url: str


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why mail has not arrived lately, and how often."""

    state: str
    code: int | None
    domain: str
    words: str
    number: int
    url: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything on the dashboard."""

    at: datetime
    tiles: Sequence[Tile]
    pauses: Sequence[Pause]  # of everything, and of what they see
    causes: Sequence[Cause]
    arrivals: Sequence[tuple[str, int, str]]  # state, number, where they are
    storage: StorageFigures
    saved_percent: int
    uploads: int
    charts: Sequence[Chart]
    checks: Sequence[tuple[str, bool]]  # of the machines; none for those of one workspace


def board_for(sees: Workspaces) -> Board:
    """The dashboard of these workspaces; a number of queries that does not grow."""
    now = timezone.now()
    storage = storage_figures(workspaces=sees)
    return Board(
        at=now,
        tiles=_tiles(now, sees),
        pauses=list(pauses_in(sees)),
        causes=_causes(now, sees),
        arrivals=_arrivals(now, sees),
        storage=storage,
        saved_percent=_saved(storage),
        uploads=within(Upload.objects.all(), "attachment__workspace", sees).count(),
        charts=[_mail(now, sees), _tries(now, sees)],
        checks=health.passing() if sees is None else [],
    )


def list_url(pages: str, **query: object) -> str:
    """Where a list is shown, filtered."""
    return f"{reverse(f'admin:{pages}_changelist')}?{urlencode(query)}"


def _tiles(now: datetime, sees: Workspaces) -> list[Tile]:
    heaps = flow_at(now, workspaces=sees).heaps | _scan_heaps(sees)
    return [
        Tile(name=name, title=title, heap=heaps[name], url=list_url(pages, **query))
        for name, (title, pages, query) in HEAPS.items()
    ]


def _scan_heaps(sees: Workspaces) -> dict[str, Heap]:
    """Files that a scan holds back; by the index of those that are not simply ready."""
    files = within(Attachment.objects.order_by(), "workspace", sees)
    found = {
        name: files.filter(rule).aggregate(number=Count("pk"), oldest=Min("stored_at"))
        for name, rule in scan_heaps().items()
    }
    return {name: Heap(**heap) for name, heap in found.items()}


def _causes(now: datetime, sees: Workspaces) -> list[Cause]:
    """The failures of the last days, by reply and by domain."""
    rows = Recipient.objects.filter(state__in=TROUBLE, at__gte=now - LATELY)
    rows = within(rows, "delivery__message__workspace", sees)
    domain = Substr("email", StrIndex("email", Value("@")) + 1)
    groups = rows.order_by().values("state", "code", domain=domain)
    groups = groups.annotate(number=Count("pk"), words=Max("reply"))
    return [_cause(dict(group)) for group in groups.order_by("-number", "domain", "code")[:CAUSES]]


def _cause(group: dict[str, Any]) -> Cause:
    code = group["code"]
    by_code = {"code__isnull": True} if code is None else {"code": code}
    query = {"state__exact": group["state"], "q": f"@{group['domain']}", **by_code}
    return Cause(**group, url=list_url("messaging_recipient", **query))


def _arrivals(now: datetime, sees: Workspaces) -> list[tuple[str, int, str]]:
    rows = within(Arrival.objects.filter(pk__gte=floor_of(now - LATELY)), "workspace", sees)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    return [
        (str(state.label), counts.get(state.value, 0), list_url(ARRIVALS, state__exact=state.value))
        for state in Arrival.State
    ]


ARRIVALS = "messaging_arrival"


def _saved(storage: StorageFigures) -> int:
    """How many of a hundred bytes need not lie anywhere, because others are the same."""
    if not storage.logical_bytes:
        return 0
    return max(0, 100 - round(100 * storage.stored_bytes / storage.logical_bytes))


def _mail(now: datetime, sees: Workspaces) -> Chart:
    rows = within(Message.objects.filter(pk__gte=_first(now)), "workspace", sees)
    kind = Case(When(direction="inbound", then=Value("received")), default=Value("sent"))
    return chart_of(
        title="Messages a day",
        series=("sent", "received"),
        days=_days(now),
        numbers=_by_day(rows.annotate(kind=kind), "created_at"),
    )


def _tries(now: datetime, sees: Workspaces) -> Chart:
    rows = within(Attempt.objects.filter(pk__gte=_first(now)), "delivery__message__workspace", sees)
    kind = Case(When(outcome="accepted", then=Value("taken")), default=Value("not taken by all"))
    return chart_of(
        title="Attempts a day",
        series=("taken", "not taken by all"),
        days=_days(now),
        numbers=_by_day(rows.annotate(kind=kind), "ended_at"),
    )


def _by_day(rows: QuerySet[Any], at: str) -> Counter[tuple[date, str]]:
    days = rows.order_by().values_list(TruncDate(at, tzinfo=UTC), "kind").annotate(Count("pk"))
    return Counter({(day, kind): number for day, kind, number in days})


def _days(now: datetime) -> list[date]:
    today = now.astimezone(UTC).date()
    return [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]


def _first(now: datetime) -> object:
    """What sorts before every id of these days."""
    midnight = datetime.combine(_days(now)[0], datetime.min.time(), UTC)
    return floor_of(midnight)
