"""What is learnt of bytes while they pass: how many, which digest, what they look like."""

from __future__ import annotations

from hashlib import sha256

HEAD_BYTES = 8 * 1024
MAX_LINE_BYTES = 998  # RFC 5322, section 2.1.1; without the CRLF


class Measure:
    """Counts and hashes the chunks that it is given and keeps the first 8 KiB.

    `judges_lines` off: its encoding is `binary`, which spares as much as the digest costs.
    """

    def __init__(self, *, judges_lines: bool = True) -> None:
        self.size = 0
        self.head = b""
        self._sha256 = sha256()
        self._lines = Lines(is_judged=judges_lines)

    def update(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._sha256.update(chunk)
        self._lines.update(chunk)
        if len(self.head) < HEAD_BYTES:
            self.head += chunk[: HEAD_BYTES - len(self.head)]

    @property
    def sha256(self) -> str:
        """The hex digest of what has passed."""
        return self._sha256.hexdigest()

    @property
    def encoding(self) -> str:
        """`7bit`, `8bit` or `binary` (RFC 2045, section 2.7 to 2.9) for what has passed."""
        return self._lines.encoding


class Lines:
    """Whether bytes are mail's own kind of text: lines of at most 998 that end in CRLF, no NUL.

    Most files that are not stop being so within their first chunk, which ends the work.
    """

    def __init__(self, *, is_judged: bool = True) -> None:
        self._text = is_judged
        self._ascii = True
        self._line = 0  # bytes since the last CRLF
        self._held = b""  # a CR that ended the last chunk

    def update(self, chunk: bytes) -> None:
        if not self._text or not chunk:
            return
        chunk = self._held + chunk
        self._held = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk[:-1] if self._held else chunk
        if b"\0" in chunk:
            self._text = False
            return
        first, *rest = chunk.split(b"\r\n")
        if not chunk.count(b"\n") == chunk.count(b"\r") == len(rest):
            self._text = False
            return
        if max(self._line + len(first), *map(len, rest), 0) > MAX_LINE_BYTES:
            self._text = False
        self._line = len(rest[-1]) if rest else self._line + len(first)
        self._ascii = self._ascii and chunk.isascii()

    @property
    def encoding(self) -> str:
        if not self._text or self._held:
            return "binary"
        return "7bit" if self._ascii else "8bit"
