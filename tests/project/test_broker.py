"""The broker in a folder, with several who read and write at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kombu import Connection
from kombu.simple import SimpleQueue

import project.celery  # noqa: F401  it puts our transport in

COUNT = 300


@pytest.fixture
def connect(tmp_path: Path):
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    folder = str(tmp_path / "queue")
    options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(tmp_path / "control"),
    }
    return lambda: Connection("filesystem://localhost", transport_options=options)


def take_all(queue: SimpleQueue) -> list[int]:
    taken = []
    while True:
        try:
            message = queue.get(block=False)
        except queue.Empty:
            return taken
        message.ack()
        taken.append(message.payload)


def test_it_gives_every_message_to_one_reader_however_they_cross(connect):
    def write(first: int) -> list[int]:
        with connect() as connection, connection.SimpleQueue("work") as queue:
            for number in range(first, first + COUNT):
                queue.put(number)
        return []

    def read(_: int) -> list[int]:
        taken: list[int] = []
        with connect() as connection, connection.SimpleQueue("work") as queue:
            while not writers_are_done() or queue.qsize():
                taken += take_all(queue)
        return taken

    def writers_are_done() -> bool:
        return all(writer.done() for writer in writers)

    with connect() as connection:  # kombu remembers for the whole process that a queue is bound
        connection.SimpleQueue("work").close()
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, first) for first in (0, COUNT)]
        readers = [pool.submit(read, number) for number in range(2)]
    taken = [number for reader in readers for number in reader.result()]
    assert [writer.result() for writer in writers] == [[], []]
    assert sorted(taken) == list(range(2 * COUNT))


def test_it_passes_over_what_a_power_failure_cut_short(connect, tmp_path):
    with connect() as connection, connection.SimpleQueue("other") as queue:
        (tmp_path / "queue" / "0_cut.other.msg").touch()
        (tmp_path / "queue" / "1_cut.other.msg").write_text('{"body": "half')
        queue.put(7)
        assert take_all(queue) == [7]
        assert take_all(queue) == []
