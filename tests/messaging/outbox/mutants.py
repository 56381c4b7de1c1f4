"""Proof that the tests of the outbox can see: the code is broken on purpose, and they turn red.

    python -m tests.messaging.outbox.mutants [name …]

Each mutant is a change to the text of one module, made while a pytest of its own imports it. For
each the tests that turned red are printed; one that none of them sees makes the command fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

ROOT: Final = Path(__file__).parents[3]
HERE: Final = "tests/messaging/outbox"
VARIABLE: Final = "OUTBOX_MUTANT"
GREEN, RED = 0, 1  # exit codes of pytest


@dataclass(frozen=True)
class Mutant:
    """A module with one thing left out, and the tests that must see it."""

    module: str
    text: str
    instead: str
    tests: tuple[str, ...] = ("test_claim.py", "test_gate.py", "test_late.py")


MUTANTS: Final = {
    "data is claimed again, like claimed": Mutant(
        "messaging.outbox.claim",
        "Q(state__in=(Delivery.State.QUEUED, Delivery.State.CLAIMED), due_at__lte=Now())",
        'Q(state__in=("queued", "claimed", "data"), due_at__lte=Now())',
    ),
    "the claim without the gate": Mutant(
        "messaging.outbox.claim", ".flowing().ungated()", ".flowing()"
    ),
    "the claim without the pauses": Mutant(
        "messaging.outbox.claim",
        ".flowing().ungated()",
        ".ungated()",
        ("test_paused.py::test_a_crowd_that_is_paused_does_not_stand_in_the_way",),
    ),
    "start_data without the gate": Mutant("messaging.outbox.claim", "            .ungated()\n", ""),
    "start_data without the pauses": Mutant(
        "messaging.outbox.claim",
        "            .going_on()\n",
        "",
        ("test_paused.py::test_a_pause_stops_what_has_not_reached_its_dot",),
    ),
    "start_data without the token": Mutant(
        "messaging.outbox.claim",
        "mine = Delivery.objects.filter(pk__in=ids, claim=token)\n        won",
        "mine = Delivery.objects.filter(pk__in=ids)\n        won",
    ),
    "the clock of the application": Mutant(
        "messaging.outbox.claim",
        "from django.db.models.functions import Now",
        "from django.utils.timezone import now as Now",
    ),
    "the record without the token": Mutant(
        "messaging.outbox.record",
        "        Claim(id, token): state\n        for id, token, state in rows.values_list("
        '"pk", "claim", "state")\n        if token is not None\n',
        "        claim: state\n        for claim in claims\n        for id, state in "
        'rows.values_list("pk", "state")\n        if id == claim.delivery_id\n',
        ("test_late.py",),
    ),
    "the dot without asking": Mutant(
        "messaging.outbox.smtp",
        "        if not answer.may_go:\n",
        "        if False:\n",
        ("test_gate.py",),
    ),
    "a lost reply counts as unsent": Mutant(
        "messaging.outbox.record",
        "        return self.named - self.replies.keys()\n",
        "        return frozenset()\n",
        ("test_late.py", "test_lines.py", "test_drain.py"),
    ),
    "the late word of one counts for all": Mutant(
        "messaging.outbox.record",
        "Recipient.objects.filter(pk=id, state=Recipient.State.UNKNOWN)",
        "Recipient.objects.filter(delivery=end.tried.claim.delivery_id, "
        "state=Recipient.State.UNKNOWN)",
        ("test_late.py",),
    ),
    "a rehearsal without asking": Mutant(
        "messaging.outbox.rehearsal",
        "        answer = line.begin(parcel.begin(dict.fromkeys(replies, GO_ON)))\n",
        '        answer = type("Yes", (), {"may_go": True, "next": None})\n',
        ("test_rehearsal.py",),
    ),
    "a rehearsal that is tried again": Mutant(
        "messaging.outbox.record",
        "self.state == Recipient.State.DEFERRED and not self.final",
        "self.state == Recipient.State.DEFERRED",
        ("test_rehearsal.py",),
    ),
    "a delivery for the suppressed alone": Mutant(
        "messaging.routes",
        "    by_route[min(by_route)] += left_out\n",
        '    by_route["suppressed"] = left_out\n',
        ("test_suppressed.py",),
    ),
    "the suppressed are asked for": Mutant(
        "messaging.routes", "one.State.SUPPRESSED", "one.State.PENDING", ("test_suppressed.py",)
    ),
    "whoever is in doubt is at rest": Mutant(
        "messaging.models.message",
        '        return self.settled().exclude(deliveries__recipients__state="unknown")\n',
        "        return self.settled()\n",
        ("test_retention.py",),
    ),
    "the files of a doubt are not needed": Mutant(
        "messaging.models.message",
        "            | _is_in_doubt()\n",
        "",
        ("test_retention.py",),
    ),
    "files are let go of before they have left": Mutant(
        "messaging.models.message",
        "self.at_rest().filter(files_until",
        "self.filter(files_until",
        ("test_retention.py",),
    ),
}


# In the pytest that is to turn red ---------------------------------------------------------------


class MutatedLoader(SourceFileLoader):
    """Loads a module with the change made."""

    def __init__(self, mutant: Mutant, path: str) -> None:
        super().__init__(mutant.module, path)
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname) or ""
        if source.count(self.mutant.text) != 1:
            raise LookupError(f"{fullname} does not have, once: {self.mutant.text}")
        mutated = source.replace(self.mutant.text, self.mutant.instead)
        return compile(mutated, self.path, "exec", dont_inherit=True)


@dataclass(frozen=True)
class MutatedFinder:
    """Finds the one module in its mutated form."""

    mutant: Mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.mutant.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        assert spec and spec.origin
        spec.loader = MutatedLoader(self.mutant, spec.origin)
        return spec


if __name__ != "__main__" and VARIABLE in os.environ:
    sys.meta_path.insert(0, MutatedFinder(MUTANTS[os.environ[VARIABLE]]))  # type: ignore[arg-type]


# The command -------------------------------------------------------------------------------------


def red_test(name: str) -> str | None:
    """The first test that sees a mutant; raises RuntimeError if they could not be run."""
    mutant = MUTANTS[name]
    few_rounds = {key: value for key, value in os.environ.items() if key != "CI"}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider"]
    command += ["--no-migrations", "--exitfirst", "-p", "tests.messaging.outbox.mutants"]
    done = subprocess.run(
        [*command, *(f"{HERE}/{test}" for test in mutant.tests)],
        cwd=ROOT,
        env={**few_rounds, VARIABLE: name},
        capture_output=True,
        text=True,
    )
    red = re.search(rf"^(?:FAILED|ERROR) {HERE}/(.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode != (RED if red else GREEN):
        raise RuntimeError(f"{name}\n{done.stdout}{done.stderr}")
    return red and red[1]


def survivors(names: Sequence[str]) -> list[str]:
    """Try mutants and tell of each; those that nobody saw."""
    unseen = []
    for name in names:
        red = red_test(name)
        sys.stdout.write(f"{f'red    {name}: {red}' if red else f'GREEN  {name}'}\n")
        sys.stdout.flush()
        if not red:
            unseen.append(name)
    return unseen


def main() -> int:
    names = sys.argv[1:] or list(MUTANTS)
    unseen = survivors(names)
    sys.stdout.write(f"{len(names) - len(unseen)} of {len(names)} mutants were seen\n")
    return 1 if unseen else 0


if __name__ == "__main__":
    raise SystemExit(main())
