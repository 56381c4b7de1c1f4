"""What somebody types into the search box, and what of it is understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from django.utils.http import urlencode

from messaging.api.filters import narrow
from messaging.models.message import MessageQuerySet
from messaging.search import from_somebody, to_somebody

MAX_LENGTH = 500  # characters
MAX_TERMS = 20
TERM = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)

#: what is written behind `has:` and `is:` -> how that is said, and the filter of the API
MARKS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("has", "attachment"): ("with files", {"has_attachment": True}),
    ("is", "unread"): ("unread", {"unread": True}),
    ("is", "read"): ("read", {"unread": False}),
    ("is", "starred"): ("starred", {"starred": True}),
}
DAYS = {"before": "until", "after": "since"}
LABELS = {"from": "from", "to": "to", "file": "file", "before": "before", "after": "since"}


@dataclass(frozen=True)
class Term:
    """One thing that is looked for; `operator` is blank for words."""

    operator: str
    value: str

    def __str__(self) -> str:
        value = f'"{self.value}"' if " " in self.value or not self.operator else self.value
        return f"{self.operator}:{value}" if self.operator else value

    @property
    def label(self) -> str:
        """What it looks for, as people say it."""
        if (self.operator, self.value) in MARKS:
            return MARKS[self.operator, self.value][0]
        return f"{LABELS[self.operator]} {self.value}" if self.operator else f"“{self.value}”"

    def narrow(self, rows: MessageQuerySet, *, at: datetime, **place: Any) -> MessageQuerySet:
        """Those of the messages that it is about."""
        if self.operator in ("from", "to"):
            somebody = from_somebody if self.operator == "from" else to_somebody
            return narrow(rows.filter(somebody(self.value)), place, at=at)
        return narrow(rows, {**place, **self._filter()}, at=at)

    def _filter(self) -> dict[str, Any]:
        if (self.operator, self.value) in MARKS:
            return MARKS[self.operator, self.value][1]
        if self.operator in DAYS:
            return {DAYS[self.operator]: _midnight(self.value)}
        return {"filename" if self.operator == "file" else "search": self.value}


@dataclass(frozen=True)
class Chip:
    """A term as a page shows it, and where the list goes on without it."""

    label: str
    without: str


def read_terms(text: str) -> list[Term]:
    """What is looked for; what no operator understands is words."""
    return list(_terms(text[:MAX_LENGTH].replace("\0", " ")))[:MAX_TERMS]


def chips_of(terms: Sequence[Term], url: str) -> list[Chip]:
    """The terms for a page at `url`."""
    chips = []
    for place, term in enumerate(terms):
        rest = " ".join(str(one) for one in (*terms[:place], *terms[place + 1 :]))
        chips.append(Chip(term.label, f"{url}?{urlencode({'q': rest})}" if rest else url))
    return chips


def _terms(text: str) -> Iterator[Term]:
    for match in TERM.finditer(text):
        operator, value = (match[1] or "").lower(), match[2] or match[3] or ""
        if not operator or not _understands(operator, value):
            value = f"{match[1]}:{value}" if operator else value
            operator = ""
        if value.strip():
            yield Term(operator, value.lower() if operator in ("has", "is") else value)


def _understands(operator: str, value: str) -> bool:
    if operator in DAYS:
        return _day(value) is not None
    return bool(value) and (operator in LABELS or (operator, value.lower()) in MARKS)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.min, tzinfo=UTC)
