"""The keys that sign manifests, and how the world gets to know them."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from messaging.manifest.keys import BadManifest, opened, public_keys, sign
from project.environment import read_key
from tests.services.servers import absent

# RFC 8037, appendix A
SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
PUBLIC = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
THUMBPRINT = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
KEYS_URL = "/.well-known/enclose-manifest-keys.json"
MANIFEST = {"format": "enclose-manifest-1", "parts": []}


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    settings.MANIFEST_KEY = read_key("MANIFEST_KEY", SEED)
    settings.MANIFEST_OLD_KEYS = []


def test_anybody_can_get_the_public_key():
    answer = Client().get(KEYS_URL)
    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "public, max-age=3600"
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["x"], key["kid"]) == ("OKP", "Ed25519", PUBLIC, THUMBPRINT)
    assert SEED not in answer.content.decode() and "d" not in key


def test_openssl_finds_the_signature_good(tmp_path):
    if shutil.which("openssl") is None:
        absent("no OpenSSL: apt-get install openssl")
    signature = sign(MANIFEST)["signature"]
    assert openssl(tmp_path, b'{"format":"enclose-manifest-1","parts":[]}', signature) == 0
    assert openssl(tmp_path, b'{"format":"enclose-manifest-1","parts":[1]}', signature) == 1


def openssl(folder: Path, text: bytes, signature: str) -> int:
    """What OpenSSL's command says of a signature: 0 for a good one."""
    head = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: an Ed25519 key follows
    for name, content in (
        ("key", head + base64.urlsafe_b64decode(PUBLIC + "=")),
        ("text", text),
        ("signature", base64.urlsafe_b64decode(signature + "==")),
    ):
        (folder / name).write_bytes(content)
    command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in text"
    done = subprocess.run(
        [*command.split(), "-sigfile", "signature"], cwd=folder, check=False, capture_output=True
    )
    return done.returncode


def test_it_opens_what_it_has_signed():
    signed = json.loads(json.dumps(sign(MANIFEST)))
    assert signed["key_id"] == THUMBPRINT
    assert opened(signed, public_keys()["keys"]) == MANIFEST


def test_an_old_key_still_opens_what_it_has_signed(settings: Settings):
    signed = sign(MANIFEST)
    settings.MANIFEST_KEY = bytes(32)
    with pytest.raises(BadManifest, match="none of those known: kPrK"):
        opened(signed, public_keys()["keys"])
    settings.MANIFEST_OLD_KEYS = [read_key("MANIFEST_OLD_KEYS", PUBLIC)]
    now, old = Client().get(KEYS_URL).json()["keys"]
    assert old["kid"] == THUMBPRINT != now["kid"] == sign(MANIFEST)["key_id"]
    assert opened(signed, [now, old]) == MANIFEST


def test_the_name_of_a_key_does_not_make_it_one(settings: Settings):
    """Who signs with a key of their own under the id of ours is found out."""
    settings.MANIFEST_KEY = bytes(32)
    forged = {**sign(MANIFEST), "key_id": THUMBPRINT}
    settings.MANIFEST_KEY = read_key("MANIFEST_KEY", SEED)
    with pytest.raises(BadManifest, match="was changed"):
        opened(forged, public_keys()["keys"])


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        {},
        "text",
        {"manifest": {}, "signature": "?", "key_id": THUMBPRINT},
        {"manifest": {}, "signature": 5, "key_id": THUMBPRINT},
        {"manifest": {"a": 0.5}, "signature": "AAAA", "key_id": THUMBPRINT},
    ],
)
def test_nonsense_is_no_manifest(nonsense):
    with pytest.raises(BadManifest, match="This is no manifest"):
        opened(nonsense, public_keys()["keys"])
