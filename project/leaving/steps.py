"""Doing something to many rows in small transactions, or seeing what it would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from django.db import transaction

BATCH = 100

Row = TypeVar("Row")


@contextmanager
def step(*, is_rehearsal: bool) -> Iterator[None]:
    """A transaction; in a rehearsal nothing of it stays."""
    with transaction.atomic():
        yield
        if is_rehearsal:
            transaction.set_rollback(True)


def batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The rows, few at a time, in their order."""
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
