"""The list of all kinds of events, against the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.api.events import PREFIXES
from project.events.kinds import KINDS, NOUNS

pytestmark = pytest.mark.quality

ROOT = Path(__file__).parents[2]
APPS = ("attachments", "drafts", "messaging", "project")
KIND = re.compile(rf"(?:{'|'.join([*PREFIXES, *NOUNS])})\.[a-z_]+")
WRITERS = {"happened", "record_opening"}
NOT_OURS = (ROOT / "project" / "contracts", ROOT / "project" / "events" / "kinds.py")


def emitters() -> Iterator[ast.Module]:
    """The modules of the core that write events; what vendors call theirs is another matter."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if not any(path.is_relative_to(other) for other in NOT_OURS):
                tree = ast.parse(path.read_text())
                if any(writes_event(node) for node in ast.walk(tree)):
                    yield tree


def writes_event(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in WRITERS


def emitted() -> set[str]:
    """What those modules tell, and every other text in them that reads like a kind."""
    found = set()
    for tree in emitters():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and writes_event(node):
                found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
            if isinstance(node, ast.Constant) and KIND.fullmatch(str(node.value)):
                found.add(node.value)
    return found


def test_every_kind_that_is_emitted_can_be_listened_to() -> None:
    assert sorted(emitted() - KINDS.keys()) == []


def test_every_kind_that_can_be_listened_to_is_emitted() -> None:
    assert sorted(KINDS.keys() - emitted()) == []


def test_every_noun_has_an_id() -> None:
    assert sorted(set(NOUNS) - PREFIXES.keys()) == []
