from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.quality.command import ROOT

SCRIPT = """
import django
django.setup()
import logging
from django.test import Client
from django.db import OperationalError
client = Client(
    raise_request_exception=False,
    SERVER_NAME="127.0.0.1",
    headers={"X-Request-Id": "call-7", "x-api-key": "zebra"},
)
client.get("/livez?token=zebra")
client.get("/api/v1/messages?search=zebra")
logging.getLogger("messaging").warning("the relay is %s", "away")
"""


def said(script: str, **environment: str) -> str:
    """What a process with these settings says while it runs a script."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DJANGO_SETTINGS_MODULE": "project.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def lines(tmp_path: Any) -> list[dict[str, Any]]:
    """What a process says in production."""
    lines = said(SCRIPT, DATA_DIR=str(tmp_path), LOG_FORMAT="json")
    assert "zebra" not in lines
    return [json.loads(line) for line in lines.splitlines() if line.startswith("{")]


def test_a_request_is_one_line_without_its_content(lines: list[dict[str, Any]]) -> None:
    (line,) = [line for line in lines if line.get("path") == "/livez"]
    assert line["event"] == "request" and line["level"] == "info"
    assert (line["method"], line["route"], line["status"]) == ("GET", "livez", 200)
    assert line["request_id"] == "call-7"
    assert line["ms"] >= 0 and line["timestamp"].endswith("Z")


def test_what_fails_is_an_error_with_the_same_request_id(lines: list[dict[str, Any]]) -> None:
    failed = [line for line in lines if line["level"] == "error"]  # (there are no tables)
    assert len(failed) >= 2
    assert {line["request_id"] for line in failed} == {"call-7"}
    assert any("OperationalError" in line.get("exception", "") for line in failed)


def test_other_lines_have_the_same_form(lines: list[dict[str, Any]]) -> None:
    (line,) = [line for line in lines if line["logger"] == "messaging"]
    assert (line["event"], line["level"]) == ("the relay is away", "warning")


FAILURE = """
import django
django.setup()
import logging
def fail(content):
    raise ValueError("it broke")
try:
    fail("zeb" + "ra" * 1000)
except ValueError:
    logging.getLogger("messaging").exception("a failure")
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_has_no_content_of_variables(tmp_path: Any, form: str) -> None:
    done = said(FAILURE, DATA_DIR=str(tmp_path), LOG_FORMAT=form)
    assert "it broke" in done and "zebra" not in done
