"""Counting what a request asks of the database."""

from __future__ import annotations

from django.test.utils import CaptureQueriesContext

FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def verbs_of(queries: CaptureQueriesContext) -> list[str]:
    """The first word of each statement; beginnings and ends of transactions do not count."""
    words = [str(query["sql"]).split()[0].lstrip("(") for query in queries.captured_queries]
    return [word for word in words if word not in FRAME]
