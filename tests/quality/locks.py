"""`python -m tests.quality.locks FOLDER`: take out of an npm lock where its authors ask for money.

npm writes these addresses whatever it is told, and a lock has none.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(folder: str) -> None:
    path = Path(folder) / "package-lock.json"
    lock = json.loads(path.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
