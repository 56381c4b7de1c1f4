"""What has become of mail: the ledger of the server that took it against our own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tests.live.office import Office
from tests.services.sinks import SinkProcess

Mail = tuple[str, str]  # Message-ID and recipient

STATES = """
    SELECT m.rfc_message_id, r.email, r.state FROM messaging_recipient r
    JOIN messaging_delivery d ON d.id = r.delivery_id
    JOIN messaging_message m ON m.id = d.message_id
"""


@dataclass(frozen=True)
class Judgement:
    """Where the two disagree, and how much there was."""

    states: Mapping[Mail, str]
    arrived: Mapping[Mail, int]

    @property
    def twice(self) -> set[Mail]:
        return {mail for mail, times in self.arrived.items() if times > 1}

    @property
    def lost(self) -> set[Mail]:
        """Said to have been accepted, and not there; or not tried to the end."""
        accepted = {mail for mail, state in self.states.items() if state == "accepted"}
        unfinished = {mail for mail, state in self.states.items() if state != "accepted"}
        return (accepted - self.arrived.keys()) | (unfinished - self.unknown)

    @property
    def unknown(self) -> set[Mail]:
        return {mail for mail, state in self.states.items() if state == "unknown"}

    @property
    def silent(self) -> set[Mail]:
        """Arrived, and neither said to be accepted nor unknown."""
        known = {mail for mail, state in self.states.items() if state in ("accepted", "unknown")}
        return self.arrived.keys() - known

    def __str__(self) -> str:
        return (
            f"{len(self.states)} mails, lost {len(self.lost)}, twice {len(self.twice)},"
            f" unknown {len(self.unknown)}"
            f" ({len(self.unknown & self.arrived.keys())} of them had arrived)"
        )


def judge(office: Office, sink: SinkProcess, *, sent: Collection[Mapping[str, Any]]) -> Judgement:
    """Judge a quiet outbox in which these messages were accepted.

    Nothing is lost, nothing arrived twice, nothing is said to have arrived that has not, and
    every doubt is reported: by recipient, by status and by event.
    """
    rows = office.installation.rows(STATES)
    judgement = Judgement(
        states={(message_id, email): state for message_id, email, state in rows},
        arrived=Counter((mail.message_id, one) for mail in sink.kept for one in mail.accepted),
    )
    accepted = {message["rfc_message_id"]: message["id"] for message in sent}
    assert {message_id for message_id, _ in judgement.states} == accepted.keys()
    assert judgement.lost == set()
    assert judgement.twice == set()
    assert judgement.silent == set()
    doubtful = {accepted[message_id] for message_id, _ in judgement.unknown}
    assert {message["id"] for message in office.messages(status="unknown")} == doubtful
    for id in doubtful:
        assert office.events(id).count("message.unknown") == 1
    return judgement
