"""Small charts, drawn by the server: bars in stacks, one for each day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT, GAP = 560, 120, 6


@dataclass(frozen=True)
class Bar:
    """A rectangle of one series on one day, in the chart's own units."""

    series: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart, and the same as a table."""

    title: str
    series: Sequence[str]
    rows: Sequence[tuple[date, Sequence[int]]]
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def top(self) -> int:
        """The highest stack."""
        return max((sum(numbers) for _, numbers in self.rows), default=0)

    @property
    def bars(self) -> list[Bar]:
        """Its rectangles, the first series at the bottom."""
        step = WIDTH // max(len(self.rows), 1)
        found = []
        for place, (_, numbers) in enumerate(self.rows):
            foot = HEIGHT
            for series, number in enumerate(numbers):
                height = round(number * HEIGHT / self.top) if self.top else 0
                foot -= height
                if height:
                    found.append(Bar(series, place * step + GAP // 2, foot, step - GAP, height))
        return found


def chart_of(
    *,
    title: str,
    series: Sequence[str],
    days: Sequence[date],
    numbers: Mapping[tuple[date, str], int],
) -> Chart:
    """A chart of numbers by day and series; what is missing is nothing."""
    rows = [(day, [numbers.get((day, name), 0) for name in series]) for day in days]
    return Chart(title=title, series=series, rows=rows)
