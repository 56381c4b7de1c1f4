"""What an SMTP sink is told to do: rules, and the script that counts and draws them.

A rule has a point in the conversation and one or more deeds there. As JSON:

    {"extensions": ["PIPELINING", "SIZE 1000"], "seed": 7, "rules": [
        {"at": "rcpt", "match": "^full@", "reply": "452 4.2.2 Mailbox full"},
        {"at": "body", "after": 65536, "drop": "close", "chance": 0.1},
        {"at": "kept", "drop": "reset", "times": 1}]}

The points, in their order, and what `match` is searched in there:

    connect   before the greeting        the number of the connection
    ehlo      also HELO                  what the client calls itself
    auth                                 the user's name
    mail                                 the sender
    rcpt                                 the recipient
    data      before 354                 the envelope: sender, recipients taken, between blanks
    body      after `after` bytes of it  the envelope
    dot       the dot is here            the envelope and the Message-ID
    kept      the message is kept,       the envelope and the Message-ID
              the reply not yet given
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b
from typing import Any, Final, Literal, get_args

Point = Literal["connect", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot", "kept"]

POINTS: Final[tuple[Point, ...]] = get_args(Point)

EXTENSIONS: Final = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One instruction. Of several that fit, all delays and holds count, and the first end."""

    at: Point
    match: str = ""  # a regular expression, searched; empty fits everything
    when: Callable[[str], bool] | None = None  # asked after `match`; only in the same process
    skip: int = 0  # leaves the first ones that fit alone
    times: int | None = None  # then works this often; None: for ever
    chance: float = 1.0
    after: int = 0  # bytes on the wire, for `body`
    delay: float = 0.0  # seconds
    hold: bool = False  # until the test releases this point
    drop: Literal["", "close", "reset"] = ""
    reply: str = ""  # "550 5.1.1 Unknown"; a 421 also ends the connection

    def __post_init__(self) -> None:
        if self.at not in POINTS:
            raise ValueError(f"no such point: {self.at}")
        if self.drop not in ("", "close", "reset"):
            raise ValueError(f"no such drop: {self.drop}")
        if self.reply and not re.match(r"[2-5]\d\d ", self.reply):
            raise ValueError(f"not an SMTP reply: {self.reply}")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """All that makes one sink differ from another."""

    rules: tuple[Rule, ...] = ()
    extensions: tuple[str, ...] = EXTENSIONS
    tls: Literal["", "starttls", "implicit"] = ""  # starttls: demanded before MAIL
    login: tuple[str, str] | None = None  # user and password, demanded before MAIL
    bytes_per_second: int | None = None  # how fast it reads; None: as fast as it can
    keep_data: bool = True  # False: only size, digest and Message-ID
    seed: int = 0

    @classmethod
    def read(cls, text: str) -> "Rules":
        """Read rules from JSON; raises TypeError or ValueError on what is no rule."""
        given: dict[str, Any] = json.loads(text)
        given["rules"] = tuple(Rule(**rule) for rule in given.get("rules", ()))
        for name in ("extensions", "login"):
            if given.get(name) is not None:
                given[name] = tuple(given[name])
        return cls(**given)

    def write(self) -> str:
        """Write the rules as JSON; raises ValueError for a rule with a function."""
        if any(rule.when for rule in self.rules):
            raise ValueError("a function cannot go to another process")
        return json.dumps({**_unusual(self), "rules": [_unusual(rule) for rule in self.rules]})


def _unusual(given: Rule | Rules) -> Mapping[str, object]:
    usual = {field.name: field.default for field in fields(given)}
    return {name: value for name, value in asdict(given).items() if value != usual[name]}


class Script:
    """Rules at work, for all connections of a sink together.

    A draw depends on the seed, the rule, what the rule is asked about and how often it was asked
    about that: not on the order in which connections happen to come.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._lock = threading.Lock()
        self._fits: Counter[int] = Counter()
        self._asked: Counter[tuple[int, str]] = Counter()
        self._points = frozenset(rule.at for rule in rules.rules)

    def due(self, at: Point, subject: str) -> list[Rule]:
        """Give the rules that work now, and count them."""
        if at not in self._points:
            return []
        with self._lock:
            return [
                rule
                for index, rule in enumerate(self.rules.rules)
                if rule.at == at and self._works(index, rule, subject)
            ]

    def _works(self, index: int, rule: Rule, subject: str) -> bool:
        if not re.search(rule.match, subject) or (rule.when and not rule.when(subject)):
            return False
        if rule.chance < 1.0 and not self._drawn(index, rule.chance, subject):
            return False
        self._fits[index] += 1
        fit = self._fits[index] - rule.skip
        return fit > 0 and (rule.times is None or fit <= rule.times)

    def _drawn(self, index: int, chance: float, subject: str) -> bool:
        self._asked[index, subject] += 1
        drawn = f"{self.rules.seed}/{index}/{subject}/{self._asked[index, subject]}".encode()
        number = int.from_bytes(blake2b(drawn, digest_size=8).digest())
        return number / 2**64 < chance
