"""What is printed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.bench.meter import MIB, Cost

HEAD: Final = (
    "| | operation | CPU, ms | wall, ms | floor | CPU, ms | wall, ms | CPU ratio | memory, MiB |",
    "|---|---|---:|---:|---|---:|---:|---:|---:|",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the table: an operation, and its floor. Costs are those of one operation."""

    row: str  # "W1"
    what: str
    ours: Cost
    floor: Cost
    floor_is: str

    def __str__(self) -> str:
        cells = [
            self.row,
            self.what,
            _ms(self.ours.cpu),
            _ms(self.ours.wall),
            self.floor_is,
            _ms(self.floor.cpu),
            _ms(self.floor.wall),
            f"{self.ours.cpu / self.floor.cpu:.1f}" if self.floor.cpu else "",
            "" if self.ours.growth is None else f"+{max(0, self.ours.growth) / MIB:.0f}",
        ]
        return f"| {' | '.join(cells)} |"


def markdown(lines: Iterable[Line]) -> str:
    """The table, fit for the README."""
    return "\n".join([*HEAD, *map(str, lines)])


def _ms(seconds: float) -> str:
    ms = seconds * 1000
    if ms >= 100:
        return f"{ms:,.0f}"
    return f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"
