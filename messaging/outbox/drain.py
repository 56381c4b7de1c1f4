"""The drain: one per worker process; it has the database, its threads have the connections.

Each connection's thread carries one mail after the other and asks the drain before every final
dot. The drain takes whoever is ready within a moment and commits for all of them at once: batches
are formed across connections, never ahead along one, so a slow server holds up only itself and a
death leaves at most one mail a connection in doubt.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic

from attachments.models import Attachment
from attachments.retention import lose_attachment
from messaging.outbox.claim import LEASE, Claim, claim, give_back, renew
from messaging.outbox.loading import load
from messaging.outbox.parcel import Answer, Parcel, Transport
from messaging.outbox.record import Begin, End, commit
from messaging.rules import let_through

CLAIM_LIMIT = 200
CONNECTIONS = 16  # to one relay
ALL_CONNECTIONS = 64
GATHER_SECONDS = 0.002
LOOK_SECONDS = 0.5  # how often to look for work while connections are busy, or kept
KEEP_SECONDS = 1.0  # how long a connection without work is kept
LOADED = 32  # parcels read ahead of their turn, where connections are free
ALL_LOADED = 1000
DOWN_SECONDS = 15.0  # a relay that did not answer is left alone

#: set when the worker is asked to stop: nothing new is begun
stopping = Flag()

#: set when there may be work that the running drain has not seen
_more = Flag()
_running = Lock()
_drain: Drain | None = None


def deliver_due() -> None:
    """Send what is due, until nothing is; if that is going on already, make it look once more."""
    global _drain
    _more.set()
    wake()
    while _more.is_set() and not stopping.is_set() and _running.acquire(blocking=False):
        try:
            _drain = Drain()
            _drain.run()
        finally:
            _drain = None
            _running.release()


def stop() -> None:
    """Begin nothing new: what has not reached its dot is given back, what has is waited for."""
    stopping.set()
    wake()


def wake() -> None:
    """Make the running drain look up, if there is one; it may end while we ask."""
    running = _drain
    if running:
        running.look_again()


class Worker:
    """A connection's thread, and its line to the drain."""

    def __init__(
        self, transport: Transport, parcel: Parcel, steps: SimpleQueue[Step | None]
    ) -> None:
        self.transport = transport
        self.steps = steps
        self.answers: SimpleQueue[Answer] = SimpleQueue()
        self.is_dismissed = False
        self.idle_since: float | None = None
        self.held = {parcel.claim: parcel}  # given to it, and not ended
        self.in_data: Begin | None = None  # may have been sent, and has not ended
        self.trouble = ""  # what it died of
        self.thread = Thread(target=self._work, args=(parcel,), daemon=True)
        self.thread.start()

    def begin(self, begin: Begin, *, ended: End | None = None) -> Answer:
        return self._ask(Step(self, begin=begin, end=ended, is_waiting=True))

    def end(self, end: End) -> None:
        self.steps.put(Step(self, end=end))

    def next(self, *, ended: End | None = None) -> Parcel | None:
        return self._ask(Step(self, end=ended, is_waiting=True)).next

    def is_down(self, reason: str) -> None:
        self.steps.put(Step(self, down=reason))

    def answer(self, *, may_go: bool, next: Parcel | None) -> None:
        """Answer what it asked; called by the drain."""
        self.idle_since = None
        if next:
            self.held[next.claim] = next
        self.answers.put(Answer(may_go=may_go, next=next))

    def dismiss(self) -> None:
        """Answer "no" to whatever it asks, or is waiting for."""
        self.is_dismissed = True
        self.answers.put(NO)

    def has_ended(self, claim: Claim) -> None:
        """Called by the drain when a try has been put down, or may not go on."""
        self.held.pop(claim, None)
        if self.in_data and self.in_data.claim == claim:
            self.in_data = None

    def left_behind(self) -> list[End]:
        """The ends of tries that died with it: what was past its gate is in doubt."""
        begin = self.in_data
        return [
            parcel.answered(begin.replies, named=begin.named)
            if begin and begin.claim == claim
            else parcel.unsent(self.trouble)
            for claim, parcel in self.held.items()
        ]

    def _ask(self, step: Step) -> Answer:
        if self.is_dismissed:
            return NO
        self.steps.put(step)
        return self.answers.get()

    def _work(self, parcel: Parcel) -> None:
        try:
            self.transport.run(parcel, self)
        except BaseException as error:
            self.trouble = f"The try failed: {type(error).__name__}: {error}"
            raise
        finally:
            self.steps.put(Step(self, is_gone=True))


@dataclass(frozen=True)
class Step:
    """What a thread tells the drain."""

    worker: Worker
    begin: Begin | None = None
    end: End | None = None
    is_waiting: bool = False  # for an answer
    down: str = ""
    is_gone: bool = False


NO = Answer(may_go=False, next=None)


class Drain:
    """The work of one call: from the first claim until nothing is due and nobody is busy."""

    def __init__(self) -> None:
        self.steps: SimpleQueue[Step | None] = SimpleQueue()
        self.workers: set[Worker] = set()
        self.held: set[Claim] = set()
        self.claims: deque[Claim] = deque()  # not loaded yet
        self.ready: defaultdict[Transport, deque[Parcel]] = defaultdict(deque)
        self.down_until: dict[Transport, tuple[float, str]] = {}
        self.has_more = False  # whether the last look found as many as it could take
        self.look_at = 0.0
        self.renew_at = monotonic() + LEASE.total_seconds() / 3

    def run(self) -> None:
        """Drain; when the database fails, leases and tokens see to what was under way."""
        try:
            while not stopping.is_set():
                self.look_for_work()
                self.hand_out()
                if not (self.workers or self.ready or self.claims or self.has_more):
                    return
                self.take_steps(self.gather())
                self.renew_leases()
            self.give_up()
        finally:
            for worker in self.workers:
                worker.dismiss()

    def look_again(self) -> None:
        """Wake up; called from other threads."""
        self.steps.put(None)

    def look_for_work(self) -> None:
        """Claim, when there is room for more and reason to think that there is more."""
        now = monotonic()
        if len(self.claims) < CLAIM_LIMIT and (_more.is_set() or now >= self.look_at):
            _more.clear()
            taken = claim(limit=CLAIM_LIMIT)
            found = let_through(taken)
            self.claims.extend(found)
            self.held.update(found)
            self.has_more = len(taken) == CLAIM_LIMIT
            self.look_at = now if self.has_more else now + LOOK_SECONDS
        if self.claims and self.wants_parcels():
            some = [self.claims.popleft() for _ in range(min(LOADED, len(self.claims)))]
            loaded = load(some)
            for transport, parcel in loaded:
                self.ready[transport].append(parcel)
            self.held -= set(some) - {parcel.claim for _, parcel in loaded}  # no longer ours

    def wants_parcels(self) -> bool:
        """Whether to read more ahead; what waits for busy connections keeps nobody else waiting."""
        counts = {transport: len(parcels) for transport, parcels in self.ready.items()}
        busy = Counter(worker.transport for worker in self.workers)
        idle = sum(count for transport, count in counts.items() if busy[transport] < CONNECTIONS)
        return idle < LOADED and sum(counts.values()) < ALL_LOADED

    def hand_out(self) -> None:
        """Give parcels to connections that are kept, then to new ones; what is left may ride."""
        for transport, parcels in list(self.ready.items()):
            until, reason = self.down_until.get(transport, (0.0, ""))
            if monotonic() < until:
                self.put_down([], [parcel.unsent(reason) for parcel in parcels])
                parcels.clear()
            serving = [worker for worker in self.workers if worker.transport == transport]
            for worker in serving:
                if parcels and worker.idle_since is not None:
                    worker.answer(may_go=False, next=parcels.popleft())
            room = min(CONNECTIONS - len(serving), ALL_CONNECTIONS - len(self.workers))
            for _ in range(min(room, len(parcels))):
                self.workers.add(Worker(transport, parcels.popleft(), self.steps))
            if not parcels:
                del self.ready[transport]
        for worker in self.workers:
            if worker.idle_since is not None and monotonic() - worker.idle_since > KEEP_SECONDS:
                worker.answer(may_go=False, next=None)

    def gather(self) -> list[Step]:
        """The first step to come, and all that come within a moment of it."""
        steps: list[Step] = []
        until = monotonic() + LOOK_SECONDS
        while len(steps) < 2 * len(self.workers):
            try:
                step = self.steps.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                break
            if step is None:
                break
            steps.append(step)
            until = min(until, monotonic() + GATHER_SECONDS)
        return steps

    def take_steps(self, steps: Collection[Step]) -> None:
        """Commit for all of them at once, then answer those who wait."""
        begins = [step.begin for step in steps if step.begin]
        passed = self.put_down(begins, [step.end for step in steps if step.end])
        for step in steps:
            worker = step.worker
            if step.down:
                self.down_until[worker.transport] = (monotonic() + DOWN_SECONDS, step.down)
            if step.end:
                worker.has_ended(step.end.tried.claim)
            if step.is_gone:
                self.workers.discard(worker)
                self.put_down([], worker.left_behind())
            if step.begin:
                may_go = step.begin.claim in passed
                if may_go:
                    worker.in_data = step.begin
                else:
                    worker.has_ended(step.begin.claim)
                riders = self.ready.get(worker.transport)
                worker.answer(may_go=may_go, next=riders.popleft() if riders else None)
            elif step.is_waiting:
                worker.idle_since = monotonic()

    def put_down(self, begins: Collection[Begin], ends: Collection[End]) -> set[Claim]:
        """Commit; what may not go on is given back, and nothing that ended is held any more."""
        if not begins and not ends:
            return set()
        missing = {id for end in ends for id in end.missing}
        if missing:
            for attachment in Attachment.objects.filter(pk__in=missing):
                lose_attachment(attachment=attachment)
        passed = commit(begins, ends)
        stopped = [one.claim for one in begins if one.claim not in passed]
        if stopped:
            give_back(stopped)
        self.held.difference_update(stopped, (end.tried.claim for end in ends))
        return passed

    def renew_leases(self) -> None:
        """Hold on to all that is claimed, every third of a lease."""
        if monotonic() >= self.renew_at:
            renew(self.held)
            self.renew_at = monotonic() + LEASE.total_seconds() / 3

    def give_up(self) -> None:
        """The worker is to stop: give back what nobody can have accepted, wait for the rest."""
        give_back(self.held)
        while any(worker.in_data for worker in self.workers):
            steps = self.gather()
            self.put_down([], [step.end for step in steps if step.end])
            for step in steps:
                if step.end:
                    step.worker.has_ended(step.end.tried.claim)
                if step.is_gone:
                    self.put_down([], step.worker.left_behind())
                    step.worker.in_data = None
                if step.is_waiting:
                    step.worker.dismiss()
