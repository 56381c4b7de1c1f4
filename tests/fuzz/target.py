"""What atheris runs: the laws of reading mail, over bytes of its own making.

Run as a process of its own, with the options and folders of libFuzzer.
"""

from __future__ import annotations

import os
import sys

import atheris
import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
with atheris.instrument_imports(include=["messaging"]):
    django.setup()  # (reports name the states of the models; no database is asked)
    from messaging.mime.containers import TNEF_NAME, TNEF_TYPE
    from tests.messaging.mime.laws import check, check_container

SLOWNESS = 20.0  # of code that reports each of its lines


def one(raw: bytes) -> None:
    check(raw, slowness=SLOWNESS)
    check_container(raw, TNEF_NAME, TNEF_TYPE)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
