"""URLs that are a permission: to put the bytes of one attachment, to post them, or to get them.

Id, method, expiry and length are under an HMAC-SHA256 with a key derived from SECRET_KEY.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from attachments.errors import LinkExpired, SignatureInvalid
from attachments.filenames import extension_of
from project import ids

SALT = "attachments.signing"
MAX_EXTENSION = 16
DOWNLOAD_URL_LIFE = timedelta(hours=1)


def upload_url(*, id: UUID, length: int, expires_at: datetime) -> str:
    """Where to PUT exactly `length` bytes until `expires_at`."""
    expires = int(expires_at.timestamp())
    query = {
        "expires": expires,
        "length": length,
        "signature": _signature("PUT", id, expires, length),
    }
    return f"{settings.PUBLIC_URL}/up/{ids.spell('att', id)}?{urlencode(query)}"


def form_url(*, id: UUID, length: int, expires_at: datetime) -> str:
    """Where to POST a form with exactly `length` bytes in its field `file` until `expires_at`."""
    expires = int(expires_at.timestamp())
    query = {
        "expires": expires,
        "length": length,
        "signature": _signature("POST", id, expires, length),
    }
    return f"{settings.PUBLIC_URL}/up/{ids.spell('att', id)}/form?{urlencode(query)}"


def download_url(*, id: UUID, filename: str, expires_at: datetime) -> str:
    """Where to GET or HEAD the bytes until `expires_at`; the path ends like the file's name."""
    expires = int(expires_at.timestamp())
    query = {"expires": expires, "signature": _signature("GET", id, expires, None)}
    return f"{settings.PUBLIC_URL}/dl/{ids.spell('att', id)}{_ending(filename)}?{urlencode(query)}"


def check_upload(
    *, id: UUID, expires: str, length: str, signature: str, at: datetime, method: str = "PUT"
) -> int:
    """The length that was signed; raises SignatureInvalid and LinkExpired."""
    _check(method, id, expires, length, signature, at)
    return int(length)


def check_download(*, id: UUID, expires: str, signature: str, at: datetime) -> None:
    """Raises SignatureInvalid and LinkExpired."""
    _check("GET", id, expires, None, signature, at)


def _check(
    method: str, id: UUID, expires: str, length: str | None, signature: str, at: datetime
) -> None:
    if not any(
        constant_time_compare(signature, _signature(method, id, expires, length, secret))
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ):
        raise SignatureInvalid
    if int(expires) <= at.timestamp():
        raise LinkExpired


def _signature(
    method: str,
    id: UUID,
    expires: int | str,
    length: int | str | None,
    secret: str | bytes | None = None,
) -> str:
    text = f"{method}\n{id.hex}\n{expires}\n{'' if length is None else length}"
    return salted_hmac(SALT, text, secret=secret, algorithm="sha256").hexdigest()


def _ending(filename: str) -> str:
    extension = extension_of(filename)
    plain = extension.isascii() and extension.isalnum() and len(extension) <= MAX_EXTENSION
    return f".{extension}" if plain else ".bin"
