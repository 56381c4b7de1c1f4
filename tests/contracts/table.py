"""`python -m tests.contracts.table`: write which test holds which requirement of a contract.

It goes between the marks of project/contracts/README.md. A test says by its name what it holds:
`test_r5_…`, `test_r5_r6_…`; the sentences are those of each contract's `requirements.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from project.contracts.doors import DOORS, Door

TESTS: Final = Path(__file__).parent
README: Final = TESTS.parents[1] / "project" / "contracts" / "README.md"
BEGIN: Final = "<!-- python -m tests.contracts.table writes from here -->"
END: Final = "<!-- to here -->"
NAME: Final = re.compile(r"test_((?:r\d+_)+)")


@dataclass(frozen=True, order=True)
class Held:
    """A test by its file and name, and the numbers that its name begins with.

    `marks` are those by which it may not run: skip, skipif, xfail.
    """

    file: str
    name: str
    numbers: frozenset[int]
    marks: frozenset[str]

    def __str__(self) -> str:
        return f"{self.file.removesuffix('.py')}: {self.name}"


def requirements_of(door: Door) -> dict[int, str]:
    """What the contract asks for, by number."""
    module = import_module(f"tests.contracts.{door.name}.requirements")
    return dict(module.REQUIREMENTS)


def held_by(door: Door) -> list[Held]:
    """The contract's tests that are named after requirements, in their order."""
    return [
        held for path in sorted((TESTS / door.name).rglob("test_*.py")) for held in tests_in(path)
    ]


def tests_in(path: Path) -> Iterator[Held]:
    """The tests of one file that are named after requirements."""
    tree = ast.parse(path.read_text())
    shared = [mark for node in tree.body if _names_pytestmark(node) for mark in _marks(node)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        if found := NAME.match(node.name):
            numbers = frozenset(map(int, re.findall(r"\d+", found[1])))
            own = [mark for decorator in node.decorator_list for mark in _marks(decorator)]
            yield Held(path.name, node.name, numbers, frozenset([*shared, *own]))


def _names_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"


def _marks(node: ast.AST) -> list[str]:
    return re.findall(r"\bmark\.(skip|skipif|xfail)\b", ast.unparse(node))


def written() -> str:
    """The tables of all contracts, as Markdown."""
    lines: list[str] = []
    for door in DOORS:
        wanted, held = requirements_of(door), held_by(door)
        lines += [f"### {door.title}", "", "| | requirement | tests |", "|---|---|---|"]
        for number, sentence in wanted.items():
            names = "<br>".join(f"`{test}`" for test in held if number in test.numbers)
            lines.append(f"| R{number} | {sentence.replace('|', chr(92) + '|')} | {names} |")
        lines.append("")
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """The README's text with the tables between its marks."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{written()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text()))
