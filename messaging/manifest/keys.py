"""The keys that sign manifests: Ed25519 (RFC 8032), told to the world as a JWK Set (RFC 7517)."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from messaging.manifest.canonical import canonical

Jwk = Mapping[str, Any]

KEYS_PATH = ".well-known/enclose-manifest-keys.json"


class BadManifest(Exception):
    """Not a manifest that one of the keys has signed; says why."""


def sign(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest with its signature, in base64url, and the id of the key."""
    key = Ed25519PrivateKey.from_private_bytes(settings.MANIFEST_KEY)
    return {
        "manifest": manifest,
        "signature": _spell(key.sign(canonical(manifest))),
        "key_id": _key_id(key.public_key().public_bytes_raw()),
    }


def public_keys() -> dict[str, list[Jwk]]:
    """The key that signs now, and those that did so before, as a JWK Set."""
    now = Ed25519PrivateKey.from_private_bytes(settings.MANIFEST_KEY).public_key()
    return {"keys": [_jwk(key) for key in (now.public_bytes_raw(), *settings.MANIFEST_OLD_KEYS)]}


def opened(signed: Any, keys: Sequence[Jwk]) -> dict[str, Any]:
    """The manifest of an answer that `sign` gave, if one of the keys has signed it.

    Raises BadManifest.
    """
    try:
        manifest, signature, key_id = (signed[name] for name in ("manifest", "signature", "key_id"))
        text, sealed = canonical(manifest), _read(signature)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadManifest("This is no manifest with a signature.") from error
    key = next((one for one in keys if one.get("kid") == key_id), None)
    if key is None:
        raise BadManifest(f"It is signed with a key that is none of those known: {key_id}.")
    try:
        Ed25519PublicKey.from_public_bytes(_read(key["x"])).verify(sealed, text)
    except (InvalidSignature, KeyError, ValueError) as error:
        raise BadManifest(
            "The manifest is not what was signed: it, or its signature, was changed."
        ) from error
    return dict(manifest)


def _jwk(public: bytes) -> Jwk:
    """RFC 8037, section 2."""
    kid, x = _key_id(public), _spell(public)
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "alg": "EdDSA", "use": "sig"}


def _key_id(public: bytes) -> str:
    """The thumbprint of a key (RFC 7638): anybody can tell the id from the key."""
    facts = {"crv": "Ed25519", "kty": "OKP", "x": _spell(public)}
    return _spell(sha256(canonical(facts)).digest())


def _spell(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
