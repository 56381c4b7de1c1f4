"""The broker of an installation without one: files in a folder, by kombu, made safe.

Kombu opens a message's file under its final name and then writes it. A worker that looks in
between takes an empty file and dies of it, and so does one that finds what a killed process left
half written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Kombu's, but for files that appear whole."""

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{time_ns() // 1_000_000}_{uuid4()}.{queue}.msg"
        with whole(Path(self.data_folder_out) / name, dumps(payload)) as (fresh, path):
            fresh.replace(path)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError:  # cut short by a power failure; it has been moved out of the way
                continue

    def _queue_bind(self, exchange: str, *words: Any) -> None:
        table = Path(self.control_folder) / f"{exchange}.exchange"
        with whole(table, "[]") as (fresh, path), suppress(FileExistsError):
            path.hardlink_to(fresh)  # made by kombu, it would be seen empty
        super()._queue_bind(exchange, *words)


class Transport(filesystem.Transport):
    """The transport behind `filesystem://`."""

    Channel = Channel


@contextmanager
def whole(path: Path, text: str) -> Iterator[tuple[Path, Path]]:
    """Give a file that is written and has no reader yet, and the name that it is to have."""
    fresh = path.with_name(f"{path.name}.{uuid4()}.new")
    fresh.write_text(text)
    try:
        yield fresh, path
    finally:
        fresh.unlink(missing_ok=True)
