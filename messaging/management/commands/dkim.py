"""`manage.py dkim`: the keys that sign mail of sender domains."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.dkim.keys import (
    check_signing_key,
    make_signing_key,
    remove_signing_key,
    start_signing_key,
    stop_signing_key,
)
from messaging.models import SigningKey
from project.errors import Refusal
from project.events.services import acting_as
from project.ids import read, spell
from project.tenancy.models import Domain


class Command(BaseCommand):
    help = "List, make, find, start, stop and remove the keys that sign mail (DKIM)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="all of them, the newest first")
        make = verbs.add_parser("make", help="make a key for a domain, and print its record")
        make.add_argument("domain")
        make.add_argument("--selector", default="", help="one is made up if not given")
        for verb, words in (
            ("show", "print its record"),
            ("find", "look for its record; a new key that is found signs from now on"),
            ("start", "have it sign, whatever DNS says"),
            ("stop", "have it sign nothing new"),
            ("remove", "forget it, when nothing needs it"),
        ):
            verbs.add_parser(verb, help=words).add_argument("id", metavar="dkm_…")
        for verb in ("make", "start", "stop", "remove"):
            verbs.choices[verb].add_argument("--by", required=True, help="who decides this")

    def handle(self, *, verb: str, by: str = "", **options: Any) -> None:
        try:
            with acting_as(by):
                getattr(self, verb)(**options)
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal

    def list(self, **options: Any) -> None:
        for key in SigningKey.objects.order_by("-id").iterator():
            words = (spell("dkm", key.pk), key.state, key.record_name, key.problem)
            self.stdout.write("  ".join(words).rstrip())

    def make(self, *, domain: str, selector: str, **options: Any) -> None:
        found = Domain.objects.filter(name=domain.lower()).first()
        if found is None:
            raise CommandError(f"No workspace has the domain {domain}.")
        key = make_signing_key(domain=found, selector=selector)
        self.stdout.write(spell("dkm", key.pk))
        self.stdout.write(key.zone_line)

    def show(self, *, id: str, **options: Any) -> None:
        self.stdout.write(key_of(id).zone_line)

    def find(self, *, id: str, **options: Any) -> None:
        key = check_signing_key(key=key_of(id))
        if key.problem:
            raise CommandError(key.problem)
        self.stdout.write(f"The record at {key.record_name} is right. The key is {key.state}.")

    def start(self, *, id: str, **options: Any) -> None:
        start_signing_key(key=key_of(id))
        self.stdout.write(f"{id} signs.")

    def stop(self, *, id: str, **options: Any) -> None:
        stop_signing_key(key=key_of(id))
        self.stdout.write(f"{id} signs nothing new.")

    def remove(self, *, id: str, **options: Any) -> None:
        remove_signing_key(key=key_of(id))
        self.stdout.write(f"{id} is removed.")


def key_of(id: str) -> SigningKey:
    """The key of this id. Raises CommandError."""
    key = SigningKey.objects.filter(pk=read("dkm", id)).first()
    if key is None:
        raise CommandError(f"There is no signing key {id}.")
    return key
