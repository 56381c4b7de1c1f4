"""`manage.py verify_manifest`: whether a saved mail is the one that was sent."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests
from django.core.management.base import BaseCommand, CommandError

from messaging.manifest.comparison import differences
from messaging.manifest.keys import KEYS_PATH, BadManifest, opened, public_keys

SECONDS = 30.0


class Command(BaseCommand):
    help = "Hold a saved mail against its manifest, and say in what they differ."
    requires_system_checks: list[str] = []  # it needs no database, nor anything else of ours

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail", type=Path, metavar="FILE.eml", help="as it was saved")
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--manifest", metavar="FILE.json", help="the manifest, as it was got")
        source.add_argument("--url", help="where to get it: …/api/v1/messages/<id>/manifest")
        parser.add_argument("--keys", metavar="FILE.json", help="the public keys (a JWK Set)")
        parser.add_argument("--api-key-file", type=Path, help="a file with the API key for --url")

    def handle(
        self,
        *,
        mail: Path,
        manifest: str | None,
        url: str | None,
        keys: str | None,
        api_key_file: Path | None,
        **options: Any,
    ) -> None:
        signed = get(url, api_key_file) if url else read(Path(manifest or ""))
        known = read(Path(keys)) if keys else keys_of(url)
        try:
            sent = opened(signed, keys_in(known))
        except BadManifest as error:
            raise CommandError(str(error)) from error
        found = differences(bytes_of(mail), sent)
        if found:
            raise CommandError("\n".join(["This is not the mail that was sent.", *found]))
        self.stdout.write(
            f"This is the mail that was sent: {sent['message']}, {sent['sent_at']}, "
            f"{len(sent['parts'])} parts, signed with {signed['key_id']}."
        )
        for reply in sent["replies"]:
            self.stdout.write(f"{reply['at']}  {reply['recipient']}  {reply['reply']}")


def keys_of(url: str | None) -> Any:
    """The keys of the house that a manifest was got from; without one, of this house."""
    return get(urljoin(url, f"/{KEYS_PATH}"), None) if url else public_keys()


def keys_in(known: Any) -> list[Any]:
    """The keys of a JWK Set. Raises CommandError."""
    found = known.get("keys") if isinstance(known, dict) else None
    if not isinstance(found, list) or not all(isinstance(key, dict) for key in found):
        raise CommandError("The keys are no JWK Set.")
    return found


def get(url: str, api_key_file: Path | None) -> Any:
    """The JSON at an address. Raises CommandError."""
    key = bytes_of(api_key_file).decode().strip() if api_key_file else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = requests.get(url, headers=headers, timeout=SECONDS, allow_redirects=False)
        answer.raise_for_status()
        return answer.json()
    except requests.RequestException as error:
        raise CommandError(f"{url} gives no manifest: {error}") from error


def read(path: Path) -> Any:
    """The JSON of a file. Raises CommandError."""
    try:
        return json.loads(bytes_of(path))
    except ValueError as error:
        raise CommandError(f"{path} is no JSON: {error}") from error


def bytes_of(path: Path) -> bytes:
    """The bytes of a file. Raises CommandError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
