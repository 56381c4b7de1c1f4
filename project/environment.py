"""Reading the environment: django-environ, made exact.

Alone it takes a secret that begins with `$` for the name of another variable, any word for a
false flag, and "a day" for a nameless ValueError.
"""

import base64
import os
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

FLAGS = {"true": True, "on": True, "yes": True, "1": True}
FLAGS |= {"false": False, "off": False, "no": False, "0": False}


def read_key(var: str, text: str) -> bytes:
    """Read the 32 bytes of a key in base64 of either alphabet, padded or not.

    Raises ImproperlyConfigured with the name of the variable.
    """
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ImproperlyConfigured(f"{var} takes 32 bytes in base64.")
    return key


class Environment(environ.Env):  # type: ignore[misc]
    """Variables of the process; an empty one counts as not set.

    Raises ImproperlyConfigured with the name of a variable whose value is nonsense.
    """

    def get_value(
        self, var: str, cast: Any = None, default: Any = None, parse_default: bool = False
    ) -> Any:
        """Give what the variable says as `cast` reads it, or else the default."""
        text = os.environ.get(var) or (default if parse_default else "")
        if not text:
            return default
        try:
            if cast is bool:
                return FLAGS[text.strip().lower()]
            return float(text) if cast is float else self.parse_value(text, cast)
        except (KeyError, ValueError) as nonsense:
            raise ImproperlyConfigured(f"{var} is not a valid {cast.__name__}.") from nonsense

    def db(self, var: str, default: str) -> dict[str, Any]:
        """Give Django's settings of the database at a URL."""
        settings: dict[str, Any] = self.db_url(var, default=default)
        if not settings.get("ENGINE", "").startswith("django.db.backends."):
            raise ImproperlyConfigured(f"{var} must begin with sqlite:// or postgres://.")
        return settings

    def origins(self, var: str) -> list[str]:
        """Give the origins of a list, spelt as browsers send them."""
        found = [text.strip().lower().rstrip("/") for text in self.list(var, default=[])]
        for origin in found:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or urlsplit(origin).netloc != rest or not rest:
                message = f"{var} lists origins such as https://app.example.com, not {origin!r}."
                raise ImproperlyConfigured(message)
        return found

    def server(self, var: str) -> str:
        """Give the address of a server: `tcp://host:port`, `unix:///path`, or blank."""
        found: str = self.str(var, default="")
        parts = urlsplit(found)
        is_right = parts.path.strip("/") if parts.scheme == "unix" else parts.hostname
        if found and (parts.scheme not in ("tcp", "unix") or not is_right):
            raise ImproperlyConfigured(f"{var} begins with tcp://host or unix:///path.")
        return found

    def name_server(self, var: str) -> tuple[str, int] | None:
        """Give address and port of a name server, written `192.0.2.1:53` or `[2001:db8::1]`."""
        found: str = self.str(var, default="")
        if not found:
            return None
        try:
            parts = urlsplit(f"//{found}")
            return str(ip_address(parts.hostname or "")), parts.port or 53
        except ValueError:
            raise ImproperlyConfigured(f"{var} is an IP address, with a port or without.") from None

    def choice(self, var: str, choices: Sequence[str], default: str) -> str:
        """Give one of a few words."""
        found: str = self.str(var, default=default)
        if found not in choices:
            raise ImproperlyConfigured(f"{var} is one of {', '.join(choices)}.")
        return found
