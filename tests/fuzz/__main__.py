"""Fuzz the mail reader, for ten minutes or for so many seconds as are given.

`python -m tests.fuzz [SECONDS]` ends with an error, and shows the bytes, when it finds something.
Every finding becomes a test of its own in tests/messaging/mime.
"""

import argparse
import sys

from tests.fuzz.running import fuzz


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=600, metavar="SECONDS")
    run = fuzz(parser.parse_args().seconds)
    sys.stdout.write(f"{run}\n")
    sys.exit(not run.is_clean)


if __name__ == "__main__":
    main()
