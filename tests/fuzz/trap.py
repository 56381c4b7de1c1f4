"""A target with a fault in it, to see that the fuzzer finds faults and says so."""

import sys

import atheris


def one(raw: bytes) -> None:
    assert raw[:1] != b"a", "a mail began with a"


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
