"""The end of a mail in SMTP, and its dots (RFC 5321, section 4.5.2), block by block."""

from __future__ import annotations

DOT = b"\r\n."
END = b"\r\n"  # behind DOT


class Transparency:
    """Takes the bytes that follow DATA and gives the mail in them.

    Only CRLF.CRLF ends a mail: with a bare LF in it, what one server takes for the end another
    takes for text, and mails can be smuggled between the two.
    """

    def __init__(self) -> None:
        self._held = END  # as if a line had ended before the first
        self._unwritten = len(END)
        self.rest: bytes | None = None  # what came behind the mail, once it has ended

    @property
    def has_ended(self) -> bool:
        return self.rest is not None

    def feed(self, block: bytes) -> bytes:
        """The bytes of the mail that are certain now."""
        text = self._held + block
        pieces, position = [], 0
        while (place := text.find(DOT, position)) >= 0:
            behind = text[place + 3 : place + 5]
            if behind == END:
                pieces.append(text[position : place + 2])
                self._held, self.rest = b"", text[place + 5 :]
                return self._write(pieces)
            if len(behind) < len(END) and END.startswith(behind):
                pieces.append(text[position:place])
                self._held = text[place:]
                return self._write(pieces)
            pieces.append(text[position : place + 2])
            position = place + 3
        kept = next((n for n in (2, 1) if text.endswith(DOT[:n])), 0)
        end = max(position, len(text) - kept)
        pieces.append(text[position:end])
        self._held = text[end:]
        return self._write(pieces)

    def _write(self, pieces: list[bytes]) -> bytes:
        text = b"".join(pieces)
        written = text[self._unwritten :]
        self._unwritten -= min(self._unwritten, len(text))
        return written
