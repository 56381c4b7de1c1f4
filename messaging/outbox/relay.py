"""A mail server that we hand mail to."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from project.errors import Invalid

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class InvalidRelay(Invalid):
    """Not a URL of a mail server."""

    code = "invalid_smtp_url"


@dataclass(frozen=True)
class Relay:
    """Where it listens, how the line is secured, and who we are there."""

    host: str
    port: int
    security: str  # a key of PORTS
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def read(cls, url: str) -> Relay:
        """Read `smtp://user:password@host:port`, `smtp+starttls://…` or `smtps://…`.

        User and password are percent-decoded. Raises InvalidRelay.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise InvalidRelay(
                "The port of the mail server is not one.", field="smtp_url"
            ) from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise InvalidRelay(
                "A mail server is given as smtp://, smtp+starttls:// or smtps:// and its host.",
                field="smtp_url",
            )
        return cls(
            host=parts.hostname,
            port=port or PORTS[parts.scheme],
            security=parts.scheme,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )

    @property
    def url(self) -> str:
        """The same as `read` takes it, with the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        user = f"{quote(self.username, safe='')}{secret}@" if self.username else ""
        return f"{self.security}://{user}{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
