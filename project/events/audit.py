"""The log as a table for programs that show tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from project.events.models import Event

COLUMNS = ("at", "kind", "subject", "actor", "reason", "workspace", "data")
BLOCK = 500  # rows that are read, and written, at a time
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines_of(events: QuerySet[Event]) -> Iterator[str]:
    """The events as CSV, a block at a time: the whole log need not fit into memory."""
    block: list[str] = []
    writer = csv.writer(_Sink(block))
    writer.writerow(COLUMNS)
    for event in events.select_related("workspace").iterator(chunk_size=BLOCK):
        writer.writerow([_harmless(text) for text in _row(event)])
        if len(block) >= BLOCK:
            yield "".join(block)
            block.clear()
    yield "".join(block)


def _row(event: Event) -> list[str]:
    return [
        event.at.isoformat(),
        event.kind,
        str(event.subject_id),
        event.actor,
        str(event.payload.get("reason") or ""),
        event.workspace.name,
        json.dumps(event.payload, ensure_ascii=False, sort_keys=True),
    ]


def _harmless(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


class _Sink:
    """A file for the writer of the standard library, that is a list."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> Any:
        self._lines.append(line)
