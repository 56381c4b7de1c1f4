"""One id per object, and its spellings.

An id is a UUIDv7 of which the last 4 bytes are the CRC-32 of the first 12. The first 12 bytes
therefore identify it: 48 bits of time and 42 of chance. A mistyped id is unknown at no query.
"""

from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

from uuid_utils.compat import uuid7

from project.errors import NotFound

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # ten bits at a time
SHIFTS = range(120, -1, -10)
TYPED_LENGTH = 26
HEX_LENGTH = 24


class UnknownId(NotFound):
    """No object can have this id."""


def new_id() -> UUID:
    """Make a new id; later ones sort after earlier ones, to the millisecond."""
    return _with_check(uuid7().bytes[:12])


def spell(prefix: str, id: UUID) -> str:
    """Spell an id as `prefix_` and 26 lower-case Crockford characters."""
    number = id.int
    return f"{prefix}_{''.join([PAIRS[number >> shift & 1023] for shift in SHIFTS])}"


def read(prefix: str, text: str) -> UUID:
    """Read what `spell` wrote with the same prefix.

    Raises UnknownId for anything else, a wrong check sum included.
    """
    head, _, letters = text.rpartition("_")
    if head != prefix and text.isidentifier():
        raise UnknownId(f"There is no {text[:64]!r} here: such an id begins with {prefix}_.")
    if head != prefix or len(letters) != TYPED_LENGTH or not VALUES.keys() >= set(letters):
        raise _unknown(text)
    number = 0
    for letter in letters:
        number = number << 5 | VALUES[letter]
    if number >> 128:
        raise _unknown(text)
    return _checked(UUID(int=number), text)


def spell_hex(id: UUID) -> str:
    """Spell an id as the 24 hex characters of its first 12 bytes."""
    return id.hex[:HEX_LENGTH]


def read_hex(text: str) -> UUID:
    """Read what `spell_hex` wrote; raises UnknownId for anything that is not 24 hex characters."""
    if len(text) != HEX_LENGTH or not set(text) <= set("0123456789abcdef"):
        raise _unknown(text)
    return _with_check(bytes.fromhex(text))


def read_uuid(text: str) -> UUID:
    """Read a plain UUID; raises UnknownId for other texts and for a wrong check sum."""
    try:
        id = UUID(text)
    except ValueError:
        raise _unknown(text) from None
    return _checked(id, text)


def floor_of(at: datetime) -> UUID:
    """What sorts before every id that is made from `at` on, to the millisecond."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def time_of(id: UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)


def _with_check(head: bytes) -> UUID:
    return UUID(bytes=head + crc32(head).to_bytes(4, "big"))


def _checked(id: UUID, text: str) -> UUID:
    if _with_check(id.bytes[:12]) != id:
        raise _unknown(text)
    return id


def _unknown(text: str) -> UnknownId:
    return UnknownId(f"There is no {text[:64]!r} here.")
