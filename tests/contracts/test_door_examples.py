"""The examples of the front page and the README, pasted against a live server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from project.contracts.doors import DOORS, Door
from tests.sdks.fixtures import Live
from tests.sdks.runner import ScriptRunner

#: what an example calls by a name of its own: by what its answer is known, and where its id is
NAMED: dict[str, dict[str, tuple[Callable[[Any], bool], tuple[Any, ...]]]] = {
    "kustomer": {
        "CUSTOMER": (lambda answer: answer["data"]["type"] == "customer", ("data", "id")),
        "DRAFT": (lambda answer: answer["data"]["type"] == "draft", ("data", "id")),
    },
    "emailapi": {"ATTACHMENT": (lambda answer: "url" in answer["data"], ("data", "id"))},
    "agentsend": {
        "ATTACHMENT": (lambda answer: "size" in answer, ("id",)),
        "INBOX": (lambda answer: "address" in answer, ("id",)),
    },
    "bird": {
        "MESSAGE": (lambda answer: "from" in answer, ("id",)),
        "ATTACHMENT": (lambda answer: "from" in answer, ("attachments", 0, "id")),
    },
}
SHELL = [door for door in DOORS if door.name in NAMED]


def example_of(door: Door, live_url: Live) -> str:
    """The example as somebody pastes it who has put in their own host, key and inbox."""
    example = door.example.replace("HOST", live_url.url).replace("KEY", live_url.key)
    return example.replace("hello@acme.test", live_url.inbox)


def commands(example: str) -> Iterator[str]:
    """The commands of an example, each with the lines that belong to it."""
    command: list[str] = []
    for line in example.splitlines():
        if command and not line.startswith(" "):
            yield "\n".join(command)
            command = []
        command.append(line)
    yield "\n".join(command)


def dig(answer: Any, path: tuple[Any, ...]) -> str:
    for step in path:
        answer = answer[step]
    return str(answer)


@pytest.mark.parametrize("door", SHELL, ids=lambda door: door.name)
def test_an_example_works_when_pasted(live_url: Live, door: Door, tmp_path: Path) -> None:
    (tmp_path / "document.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4")
    begin, known, said = "", {}, []
    for command in commands(example_of(door, live_url)):
        if command.startswith("api()"):
            begin = command
            continue
        for name, value in known.items():
            command = command.replace(name, value)
        done = subprocess.run(
            ["bash", "-c", f"{begin}\n{command}"],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            continue
        assert "error" not in answer, answer
        assert "errors" not in answer, answer
        for name, (is_it, path) in NAMED[door.name].items():
            if name not in known and is_it(answer):
                known[name] = dig(answer, path)
    assert known.keys() == NAMED[door.name].keys()
    if door.name == "bird":
        assert said[-1] == b"hello\n"


def test_the_example_in_python_works(
    live_url: Live, python_sdk: ScriptRunner, tmp_path: Path
) -> None:
    (door,) = (one for one in DOORS if one.name == "nylas")
    script = tmp_path / "example.py"
    example = example_of(door, live_url)
    script.write_text(f"import json, sys\n{example}\njson.dump('sent', sys.stdout)\n")
    assert python_sdk(script) == "sent"
    sent = live_url.messages(direction="outbound")
    assert any(one["attachments"] and one["attachments"][0]["size"] == 6 for one in sent)
