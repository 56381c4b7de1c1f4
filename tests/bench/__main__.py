"""Measure, and print a table in Markdown. Ends with an error when anything came out wrong."""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.bench import doors, files, listing, mail, receiving
from tests.bench.house import House, open_house
from tests.bench.table import Line, markdown

ROWS: Final[dict[str, Callable[[House], list[Line]]]] = {
    "W1": files.draft_with_file,
    "W2": files.big_files,
    "W3": files.big_json,
    "W4": files.downloads,
    "W5": mail.messages_with_file,
    "W6": listing.pages,
    "W7": receiving.mails_in,
    "W8": mail.due_at_one_instant,
    "W9": doors.json_with_files,
    "W10": receiving.reading,
}


def main() -> None:
    """Measure what is asked for, row by row."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    if unknown := set(options.rows) - ROWS.keys():
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    lines: list[Line] = []
    start = time.monotonic()
    with open_house(database=options.database) as house:
        for name in options.rows or ROWS:
            note(f"{name} …")
            house.restart(workers=mail.WORKERS if name == "W8" else 1, door=name == "W7")
            lines += ROWS[name](house)
    note(f"{time.monotonic() - start:.0f} s")
    sys.stdout.write(markdown(lines) + "\n")


def note(words: str) -> None:
    """Say how far it is, beside the table."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
