"""Workers killed at every stage of a delivery, and at random: nothing lost, nothing sent twice.

Promise 2. Real Celery workers, a mail server in a process of its own whose ledger is on the disk,
and `kill -9`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.live.judgement import Judgement, judge
from tests.live.office import Office
from tests.services.rabbitmq import RabbitMQ
from tests.services.servers import Child, wait_until
from tests.services.sinks import SinkProcess, StartSinkProcess
from tests.services.smtp_rules import Rule, Rules

BIG = 6 * 1024 * 1024  # more than fits into the buffers of a new connection

#: where the server holds the mail while its sender dies, and whether that leaves a doubt
STAGES: dict[str, tuple[Rule, ...]] = {
    "before DATA": tuple(Rule(at=at, hold=True) for at in ("rcpt", "data")),
    "in DATA": tuple(Rule(at="body", after=after, hold=True) for after in (1, 300_000)),
    "after the dot": (Rule(at="kept", hold=True), Rule(at="dot", hold=True, drop="close")),
}


#: idle connections go at once, so that only who is busy has one; leases are as long as ever
IMPATIENT = {"KEEP_SECONDS": "0.05"}


class Assassin:
    """Kills whoever is talking to the server, in the middle of it."""

    def __init__(self, office: Office, sink: SinkProcess) -> None:
        self.office = office
        self.sink = sink
        self.big: str = office.upload(random.Random(1).randbytes(BIG))["id"]
        self.sent: list[dict[str, object]] = []
        self.held: Mapping[str, Rule] = {}
        self.kills = 0

    def hold(self, stages: Mapping[str, Rule], number: int) -> None:
        """Send a mail for each stage, and wait until the server holds them all.

        Each over a new connection: one that has carried a big mail may take the whole of the
        next one into its buffers, and the worker is behind the dot before the server holds it.
        """
        wait_until(lambda: not self.talkers(), what="silence")
        self.held = stages
        names = {stage: f"{stage.replace(' ', '-').lower()}-{number}" for stage in stages}
        self.sink.set_rules(
            *(replace(rule, match=f"{names[stage]}@", times=1) for stage, rule in stages.items())
        )
        for stage, rule in stages.items():
            files = [self.big] if rule.at == "body" or number % 2 else []
            mail = self.office.send(f"{names[stage]}@example.com", attachments=files)
            self.sent.append(mail)
            self.sink.wait_held(rule.at, timeout=30)

    def release(self) -> None:
        for rule in self.held.values():
            self.sink.release(rule.at)

    def kill(self, victim: Child) -> None:
        self.office.restart_worker(victim)
        self.kills += 1

    def only_talker(self) -> Child | None:
        talkers = self.talkers()
        return talkers[0] if len(talkers) == 1 else None

    def talkers(self) -> list[Child]:
        """The workers that have a connection to the server."""
        sockets = sockets_to(self.sink.port)
        return [worker for worker in self.office.installation.workers if sockets & held_by(worker)]


def sockets_to(port: int) -> set[str]:
    """The sockets of this machine that are connected to a port of it, as /proc names them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established, remote = "01", f":{port:04X}"
    return {
        f"socket:[{words[9]}]"
        for words in lines
        if words[2].endswith(remote) and words[3] == established
    }


def held_by(worker: Child) -> set[str]:
    found = set()
    for descriptor in Path(f"/proc/{worker.process.pid}/fd").iterdir():
        try:
            found.add(str(descriptor.readlink()))
        except FileNotFoundError:  # closed while we look
            continue
    return found


@pytest.mark.slow
def test_it_neither_loses_nor_doubles_the_mail_of_a_killed_worker(
    open_office, start_sink_process: StartSinkProcess, is_full, note
):
    rounds = 20 if is_full else 2
    sink = start_sink_process(like=Rules(keep_data=False))
    office = open_office(smtp_url=sink.url, workers=2, clock=False, environment=IMPATIENT)
    assassin = Assassin(office, sink)
    for number in range(rounds):
        for stage, rules in STAGES.items():
            assassin.hold({stage: rules[number % len(rules)]}, number)
            assassin.kill(wait_until(assassin.only_talker, what="the one worker that talks"))
            assassin.release()
            office.let_leases_pass()
            office.wait_until_quiet()
    judgement = judge(office, sink, sent=assassin.sent)
    assert doubted(judgement) == {f"after-the-dot-{number}" for number in range(rounds)}
    note(f"one at a time: {assassin.kills} kills, {judgement}")


@pytest.mark.slow
@pytest.mark.usefixtures("on_postgresql")
def test_it_needs_nothing_of_a_broker_that_is_emptied_meanwhile(
    open_office, start_sink_process: StartSinkProcess, own_rabbitmq: RabbitMQ, is_full, note
):
    """Mail at every stage at once; whoever carries some of it is killed."""
    rounds, often = (20, 4) if is_full else (2, 2)
    sink = start_sink_process(like=Rules(keep_data=False))
    broker = {**IMPATIENT, "CELERY_BROKER_URL": own_rabbitmq.url}
    office = open_office(smtp_url=sink.url, workers=2, clock=False, environment=broker)
    assassin = Assassin(office, sink)
    for number in range(rounds):
        assassin.hold({stage: rules[-1 - number % 2] for stage, rules in STAGES.items()}, number)
        for victim in assassin.talkers():
            assassin.kill(victim)
        if number % often == 1:
            own_rabbitmq.empty()
        assassin.release()
        office.let_leases_pass()
        office.wait_until_quiet(timeout=90)
    judgement = judge(office, sink, sent=assassin.sent)
    assert doubted(judgement) == {f"after-the-dot-{number}" for number in range(rounds)}
    note(f"broker emptied: {assassin.kills} kills, {judgement}")


def doubted(judgement: Judgement) -> set[str]:
    """The mails whose fate is unknown, by the name of their recipient."""
    return {email.partition("@")[0] for _, email in judgement.unknown}


@pytest.mark.slow
def test_it_survives_workers_that_are_killed_at_random(
    open_office, start_sink_process: StartSinkProcess, is_full, note
):
    messages, kills = (400, 25) if is_full else (40, 4)
    chance = random.Random(4)
    slow = tuple(Rule(at=at, delay=0.1) for at in ("mail", "rcpt", "data", "dot"))
    sink = start_sink_process(
        *slow, Rule(at="body", after=300_000, delay=0.3), like=Rules(keep_data=False)
    )
    office = open_office(smtp_url=sink.url, workers=3, hasty=True)
    assassin = Assassin(office, sink)
    small, big = office.upload(b"small")["id"], office.upload(chance.randbytes(900_000))["id"]

    def send_all() -> None:
        for number in range(messages):
            files = [big if number % 4 == 0 else small]
            assassin.sent.append(office.send(f"r{number}@example.com", attachments=files))

    def is_over() -> bool:
        return not sender.is_alive() and office.is_quiet()

    sender = Thread(target=send_all)
    sender.start()
    while assassin.kills < kills and not is_over():
        wait_until(lambda: assassin.talkers() or is_over(), what="mail under way", pause=0.05)
        Event().wait(chance.uniform(0, 0.5))  # the moment of a kill is to be any
        if talkers := assassin.talkers():
            assassin.kill(chance.choice(talkers))
    sender.join()
    office.wait_until_quiet()
    judgement = judge(office, sink, sent=assassin.sent)
    note(f"at random: {assassin.kills} kills, {judgement}")
