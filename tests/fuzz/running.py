"""One run of the fuzzer: what it did, and what it found."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.messaging.mime.corpus import FOLDER
from tests.services.servers import folder

ROOT = Path(__file__).parents[2]
SEED = 20_261_121
LONGEST = 16 * 1024  # bytes of one mail
SECONDS_OF_ONE = 60  # a mail that takes longer is a finding
MEMORY_MIB = 2048
GRACE_SECONDS = 240  # to start, to read the corpus, and to end
DONE = re.compile(r"^Done (\d+) runs", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """How it ended; `found` are the inputs that broke something."""

    code: int
    found: list[bytes]
    words: str

    @property
    def is_clean(self) -> bool:
        return self.code == 0 and not self.found and self.mails > 0

    @property
    def mails(self) -> int:
        """How many it tried; 0 when it did not come to its end."""
        done = DONE.search(self.words)
        return int(done[1]) if done else 0

    def __str__(self) -> str:
        return "\n".join([self.words[-6000:], *(f"input: {raw!r}" for raw in self.found)])


def fuzz(seconds: int, *, target: str = "tests.fuzz.target", seeds: Path = FOLDER) -> Run:
    """Fuzz for so many seconds, from the corpus on."""
    with folder("fuzz") as home:
        grown, artefacts = home / "grown", home / "artefacts"
        grown.mkdir()
        artefacts.mkdir()
        options = [
            *(f"-max_total_time={seconds}", f"-seed={SEED}", f"-max_len={LONGEST}"),
            *(f"-timeout={SECONDS_OF_ONE}", f"-rss_limit_mb={MEMORY_MIB}"),
            *(f"-artifact_prefix={artefacts}/", "-print_final_stats=1"),
        ]
        done = subprocess.run(
            [sys.executable, "-m", target, *options, str(grown), str(seeds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds + GRACE_SECONDS,
        )
        found = [path.read_bytes() for path in sorted(artefacts.iterdir())]
        return Run(done.returncode, found, done.stdout.decode(errors="replace"))
