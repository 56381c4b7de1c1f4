"""Running the tools that the tests of this folder are about."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BIN: Final = Path(sys.executable).parent


def run(
    *command: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool of the virtual environment from the root of the repository.

    `environment` is all it gets besides a PATH; without one, everything that we have.
    """
    return subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=ROOT,
        env=None if environment is None else {"PATH": f"{BIN}:/usr/bin:/bin", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
