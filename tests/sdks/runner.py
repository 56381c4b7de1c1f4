"""Running scripts that use the client libraries of other mail APIs, as their makers give them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

HERE: Final = Path(__file__).parent
PACKAGES: Final = HERE / "node_modules"
VENV: Final = HERE.parents[1] / ".venv-sdks"
PYTHON: Final = (str(VENV / "bin" / "python"),)
NODE: Final = (str(VENV / "bin" / "node"), "--import", (HERE / "packages.mjs").as_uri())


@dataclass(frozen=True, kw_only=True)
class ScriptRunner:
    """The interpreter of a language, with its client libraries; `home` is where scripts run."""

    command: tuple[str, ...]
    home: Path
    timeout: float = 120.0

    def __call__(self, script: Path, *arguments: str, **environment: str) -> Any:
        """Run a script; give the last line that it prints, read as JSON.

        `environment` is all it gets besides a PATH and a home. A script that fails, does not end
        or prints no JSON fails the test, with all that it said.
        """
        try:
            done = subprocess.run(
                [*self.command, str(script.resolve()), *arguments],
                cwd=self.home,
                env={
                    "PATH": f"{VENV / 'bin'}:/usr/local/bin:/usr/bin:/bin",
                    "HOME": str(self.home),
                    "LANG": "C.UTF-8",
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self.timeout,
            )
        except subprocess.TimeoutExpired as late:
            _fail(f"{script.name} did not end in {self.timeout} s", late.stdout, late.stderr)
        if done.returncode:
            _fail(f"{script.name} ended with {done.returncode}", done.stdout, done.stderr)
        try:
            return json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            _fail(f"{script.name} did not end with a line of JSON", done.stdout, done.stderr)


def _fail(what: str, *said: bytes | None) -> NoReturn:
    words = [text.decode(errors="replace") for text in said if text]
    pytest.fail("\n".join([what, *words]), pytrace=False)
