"""`manage.py bootstrap`: a workspace that somebody can begin with."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.setup import set_up_workspace
from project.errors import Refusal


class Command(BaseCommand):
    help = "Make (or find) a workspace with its owner and an inbox, and make a key for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="NAME")
        parser.add_argument("--inbox", required=True, metavar="ADDRESS")
        parser.add_argument(
            "--api-key", metavar="TEXT", help="a key of your choosing, 8 characters or more"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            start = set_up_workspace(
                name=options["workspace"], address=options["inbox"], api_key=options["api_key"]
            )
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        facts = start.spell()
        if options["json"]:
            self.stdout.write(json.dumps(facts))
            return
        for name, value in facts.items():
            self.stdout.write(f"{name:10} {'(unchanged)' if value is None else value}")
