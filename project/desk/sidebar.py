"""What stands beside every page: inboxes, their places, and how much is in these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from messaging.api.filters import narrow
from messaging.models import Delivery, Folder, Inbox, Message
from messaging.models.message import Status
from project.desk.access import Desk
from project.ids import spell
from project.tenancy.models import MAX_UNDO_SECONDS, Workspace

ALL = "all"
UNDO = timedelta(seconds=MAX_UNDO_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A list of conversations; `count` is of what wants attention there."""

    name: str
    label: str
    icon: str
    url: str
    count: int = 0
    counted: str = ""  # what is counted, for those who do not see the list
    is_here: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An inbox that one can go to, or all of them together."""

    name: str
    address: str
    url: str
    is_here: bool


@dataclass(frozen=True, kw_only=True)
class Sidebar:
    """All of it, for one person who looks at one inbox, or at all."""

    choices: Sequence[Choice]
    places: Sequence[Place]
    folders: Sequence[Place]
    more: Sequence[Place]  # pages that are of no inbox
    workspaces: Sequence[Workspace]

    @property
    def here(self) -> Choice | None:
        """The inbox that is looked at; None while there is none."""
        return next((choice for choice in self.choices if choice.is_here), None)


#: name -> label, icon; in the order in which they are shown
PLACES = {
    "inbox": ("Inbox", "inbox"),
    "starred": ("Starred", "star"),
    "drafts": ("Drafts", "pencil"),
    "scheduled": ("Scheduled", "clock"),
    "waiting": ("Waiting", "hourglass"),
    "sent": ("Sent", "send"),
    "archive": ("Archive", "archive"),
    "trash": ("Trash", "trash"),
}
#: the same, below /mail/
MORE = {
    "files": ("Files", "files"),
    "outbox": ("Outbox tray", "tray"),
    "settings": ("Settings", "settings"),
}


def sidebar_of(desk: Desk, *, inbox: Inbox | None, place: str, path: str) -> Sidebar:
    """The sidebar of an inbox, or of all when `inbox` is None, beside the page at `path`.

    Six queries, and two more while something is on its way.
    """
    inboxes = [inbox] if inbox else desk.inboxes
    inbox_id = spell("inb", inbox.pk) if inbox else ALL
    folders = list(Folder.objects.filter(inbox__in=inboxes).order_by("name"))
    unread = _unread(inboxes)
    counts = {"inbox": (sum(_of_role(Folder.Role.INBOX, folders, unread)), "unread")}
    counts["drafts"] = (_drafts(desk, inboxes), "drafts")
    counts |= _on_their_way(desk, inboxes)
    return Sidebar(
        choices=_choices(desk, inbox),
        places=[
            _place(inbox_id, name, label, icon, counts.get(name, (0, "")), here=place)
            for name, (label, icon) in PLACES.items()
            if inboxes
        ],
        folders=[
            _place(
                inbox_id,
                spell("fol", folder.pk),
                folder.name,
                "folder",
                (unread.get(folder.pk, 0), "unread"),
                here=place,
            )
            for folder in folders
            if inbox and not folder.role
        ],
        more=[_page(name, label, icon, path) for name, (label, icon) in MORE.items()],
        workspaces=list(desk.user.workspaces.order_by("name")),
    )


def _choices(desk: Desk, inbox: Inbox | None) -> list[Choice]:
    choices = [
        Choice(
            name=one.name or one.address,
            address=one.address,
            url=reverse("desk:place", args=[spell("inb", one.pk), "inbox"]),
            is_here=one == inbox,
        )
        for one in desk.inboxes
    ]
    if len(choices) > 1:
        url = reverse("desk:place", args=[ALL, "inbox"])
        together = f"{len(choices)} addresses"
        choices.append(Choice(name="All inboxes", address=together, url=url, is_here=inbox is None))
    return choices


def _place(
    inbox_id: str, name: str, label: str, icon: str, count: tuple[int, str], *, here: str
) -> Place:
    return Place(
        name=name,
        label=label,
        icon=f"desk/icons/{icon}.svg",
        url=reverse("desk:place", args=[inbox_id, name]),
        count=count[0],
        counted=count[1],
        is_here=name == here,
    )


def _page(name: str, label: str, icon: str, path: str) -> Place:
    url = f"{reverse('desk:home')}{name}"
    is_here = f"{path}/".startswith(f"{url}/")
    return Place(name=name, label=label, icon=f"desk/icons/{icon}.svg", url=url, is_here=is_here)


def _unread(inboxes: Sequence[Inbox]) -> dict[UUID, int]:
    """Folder -> how many messages nobody has read there."""
    rows = Message.objects.filter(inbox__in=inboxes, unread=True, trashed_at__isnull=True)
    return dict(rows.order_by().values_list("folder").annotate(number=Count("pk")))


def _of_role(role: str, folders: Sequence[Folder], numbers: dict[UUID, int]) -> list[int]:
    return [numbers.get(folder.pk, 0) for folder in folders if folder.role == role]


def _drafts(desk: Desk, inboxes: Sequence[Inbox]) -> int:
    return desk.drafts.filter(inbox__in=inboxes, message__isnull=True).count()


def _on_their_way(desk: Desk, inboxes: Sequence[Inbox]) -> dict[str, tuple[int, str]]:
    """What leaves later; mostly there is nothing, which is cheap to know."""
    open_ones = Delivery.objects.filter(done_at__isnull=True, message__inbox__in=inboxes)
    if not open_ones.exists():
        return {}
    rows = desk.messages.filter(inbox__in=inboxes)
    at = timezone.now() + UNDO  # what can just be taken back is not for later
    return {
        status: (narrow(rows, {"status": status}, at=at).count(), status)
        for status in (Status.SCHEDULED.value, Status.WAITING.value)
    }
