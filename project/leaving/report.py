"""What was deleted of a person, what stays and why, and what is in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from project.ids import new_id, spell
from project.tenancy.models import Workspace

EVERYWHERE = ""  # what is not of one workspace


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something that stays, or is in the way, and why; of a workspace by its id, or of none."""

    workspace: str = EVERYWHERE
    what: str
    count: int = 1
    why: str
    ids: tuple[str, ...] = ()

    def line(self) -> str:
        """The note for people."""
        where = f"{self.workspace}  " if self.workspace else ""
        return f"{where}{self.what}: {self.count}. {self.why} {' '.join(self.ids)}".rstrip()


@dataclass
class Report:
    """The report of one deletion, or of its rehearsal, in which nothing is changed."""

    address: str
    is_rehearsal: bool
    id: UUID = field(default_factory=new_id)
    user: str | None = None  # the id by which the log goes on to name them
    deleted: dict[str, Counter[str]] = field(default_factory=dict)  # workspace -> what -> how many
    stays: list[Note] = field(default_factory=list)
    in_the_way: list[Note] = field(default_factory=list)

    def count(self, what: str, number: int, *, workspace: Workspace | None = None) -> None:
        """Put down that so many of something are deleted."""
        if number:
            self.deleted.setdefault(_spelt(workspace), Counter())[what] += number

    def deleted_in(self, workspace: Workspace) -> dict[str, int]:
        """What is deleted of a workspace, and how many of each."""
        return dict(self.deleted.get(_spelt(workspace), {}))

    def keep(
        self,
        what: str,
        why: str,
        *,
        count: int = 1,
        workspace: Workspace | None = None,
        ids: Collection[str] = (),
    ) -> None:
        """Put down what stays; nothing is said of none."""
        if count:
            self.stays.append(
                Note(workspace=_spelt(workspace), what=what, count=count, why=why, ids=tuple(ids))
            )

    def refuse(
        self, what: str, why: str, *, workspace: Workspace | None = None, ids: Collection[str] = ()
    ) -> None:
        """Put down what is in the way."""
        self.in_the_way.append(
            Note(
                workspace=_spelt(workspace), what=what, count=len(ids) or 1, why=why, ids=tuple(ids)
            )
        )

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "id": spell("per", self.id),
            "address": self.address,
            "user": self.user,
            "dry_run": self.is_rehearsal,
            "refused": bool(self.in_the_way),
            "deleted": [
                {"workspace": workspace or None, **counts}
                for workspace, counts in sorted(self.deleted.items())
            ],
            "stays": [_as_json(note) for note in self.stays],
            "in_the_way": [_as_json(note) for note in self.in_the_way],
        }

    def lines(self) -> Iterator[str]:
        """The report for people."""
        yield f"{'To be deleted' if self.is_rehearsal else 'Deleted'} of {self.address}:"
        for workspace, counts in sorted(self.deleted.items()):
            for what, number in sorted(counts.items()):
                yield f"  {f'{workspace}  ' if workspace else ''}{what}: {number}"
        if not self.deleted:
            yield "  nothing"
        for title, notes in (("Stays:", self.stays), ("In the way:", self.in_the_way)):
            if notes:
                yield title
                yield from (f"  {note.line()}" for note in notes)


def _spelt(workspace: Workspace | None) -> str:
    return spell("wsp", workspace.pk) if workspace else EVERYWHERE


def _as_json(note: Note) -> dict[str, Any]:
    return {**vars(note), "workspace": note.workspace or None, "ids": list(note.ids)}
