"""CPU and memory of processes with all their children, from /proc (see proc(5))."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS: Final = 0.05
MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """What a number of operations took."""

    cpu: float  # seconds, over all processes
    wall: float  # seconds
    growth: int | None = None  # bytes of memory at the peak, above those before

    def per(self, count: int) -> "Cost":
        """What one of `count` operations took; memory is that of all."""
        return Cost(self.cpu / count, self.wall / count, self.growth)


@dataclass
class Measured:
    """Filled when the measuring ends."""

    cost: Cost = Cost(0.0, 0.0)


def tree(roots: Iterable[int]) -> set[int]:
    """These processes and all that descend from them, as far as they are alive."""
    children: dict[int, list[int]] = {}
    for pid in _all_pids():
        if stat := _stat(pid):
            children.setdefault(int(stat[1]), []).append(pid)
    found: set[int] = set()
    left = [pid for pid in roots if _stat(pid)]
    while left:
        pid = left.pop()
        found.add(pid)
        left.extend(children.get(pid, []))
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """CPU time of processes, their children, and children that have ended."""
    times = (stat[11:15] for pid in tree(roots) if (stat := _stat(pid)))
    return sum(int(ticks) for four in times for ticks in four) / TICKS


def memory_bytes(pids: Iterable[int]) -> int:
    """Memory that processes hold for themselves: anonymous pages, shared ones counted once.

    Mapped files (SQLite reads through one) are the kernel's to drop, and do not count.
    """
    return sum(_anonymous(pid) for pid in pids)


@contextmanager
def measured(roots: Iterable[int]) -> Iterator[Measured]:
    """Measure the processes below `roots` from the beginning of a block to its end."""
    roots = list(roots)
    result = Measured()
    sampler = Sampler(roots)
    before, start = cpu_seconds(roots), time.perf_counter()
    sampler.start()
    try:
        yield result
    finally:
        wall = time.perf_counter() - start
        cpu = cpu_seconds(roots) - before
        result.cost = Cost(cpu, wall, sampler.stop())


@contextmanager
def measured_here() -> Iterator[Measured]:
    """Measure this process, all its threads and the children that it waits for."""
    result = Measured()
    before, start = _own_cpu(), time.perf_counter()
    try:
        yield result
    finally:
        result.cost = Cost(_own_cpu() - before, time.perf_counter() - start)


class Sampler:
    """Looks at the memory of processes until it is told to stop."""

    def __init__(self, roots: list[int]) -> None:
        self.roots = roots
        self.idle = self.peak = memory_bytes(tree(roots))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> int:
        """Give the growth at the peak, in bytes."""
        self._stopping.set()
        self._thread.join()
        return self.peak - self.idle

    def _work(self) -> None:
        pids, refresh_at = tree(self.roots), time.monotonic() + 1
        while not self._stopping.wait(SAMPLE_SECONDS):
            if time.monotonic() > refresh_at:
                pids, refresh_at = tree(self.roots), time.monotonic() + 1
            self.peak = max(self.peak, memory_bytes(pids))


def wait_idle(roots: Iterable[int], *, timeout: float = 30.0) -> None:
    """Wait until the processes have used less than a tenth of a second in one second."""
    roots = list(roots)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        before = cpu_seconds(roots)
        time.sleep(1)
        if cpu_seconds(roots) - before < 0.1:
            return
    raise TimeoutError(f"still busy after {timeout} s")


def in_threads(tasks: Iterable[Callable[[], None]]) -> None:
    """Run each in a thread of its own, at once; raises the first error."""
    errors: list[BaseException] = []

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _stat(pid: int) -> list[str]:
    """The fields behind the name: state, parent, …; empty when the process has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def _anonymous(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss_Anon:"):
                return int(line.split()[1]) * 1024
    return 0


def _own_cpu() -> float:
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
