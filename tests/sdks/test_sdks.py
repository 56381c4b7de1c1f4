from __future__ import annotations

import json
import re
import sys

import pytest

from tests.sdks.runner import HERE, ScriptRunner

LOCK = HERE / "package-lock.json"
PINS = HERE.parents[1] / "project" / "requirements" / "sdks.txt"


@pytest.fixture
def python(tmp_path):
    """The Python of the tests, without client libraries."""
    return ScriptRunner(command=(sys.executable,), home=tmp_path, timeout=20)


@pytest.fixture
def write(tmp_path):
    def write(text, name="script.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def locked_packages():
    packages = json.loads(LOCK.read_text())["packages"]
    return {path: facts for path, facts in packages.items() if path}


@pytest.mark.parametrize(
    ("distribution", "module"),
    [("nylas", "nylas"), ("messagebird-sdk", "bird"), ("tuspy", "tusclient")],
)
def test_it_has_the_locked_version_for_python(python_sdk, distribution, module):
    pinned = re.search(rf"^{distribution}==(\S+)", PINS.read_text(), re.MULTILINE)
    assert pinned
    assert python_sdk(HERE / "imported.py", distribution, module) == pinned[1]


@pytest.mark.parametrize(
    "name", ["nylas", "@messagebird/sdk", "@kustomer/apps-server-sdk", "tus-js-client"]
)
def test_it_has_the_locked_version_for_javascript(node_sdk, name):
    locked = locked_packages()[f"node_modules/{name}"]["version"]
    assert node_sdk(HERE / "imported.mjs", name) == locked


def test_it_imports_packages_from_any_folder(node_sdk, write):
    write("export { default } from 'nylas';", "helper.mjs")
    script = write(
        "import Client from './helper.mjs';\n"
        "import path from 'path';\n"
        "console.log(JSON.stringify([typeof Client, path.sep]));\n",
        "script.mjs",
    )
    assert node_sdk(script) == ["function", "/"]


@pytest.mark.quality
def test_its_lock_of_javascript_has_hashes_and_no_address():
    packages = locked_packages()
    assert [path for path, facts in packages.items() if "integrity" not in facts] == []
    assert [path for path, facts in packages.items() if "resolved" in facts] == []


def test_it_gives_the_last_line(python, write):
    script = write(
        "import json, os, sys\n"
        "print('warning')\n"
        "print(json.dumps([sys.argv[1:], os.environ['KEY'], os.getcwd()]))\n"
    )
    assert python(script, "a", "b c", KEY="secret") == [["a", "b c"], "secret", str(python.home)]


def test_it_keeps_our_own_environment_from_scripts(python, write, monkeypatch):
    monkeypatch.setenv("DATA_DIR", "/nowhere")
    script = write("import os; print(int('DATA_DIR' in os.environ))")
    assert python(script) == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("print('so far'); raise SystemExit('no luck')", "(?s)ended with 1.*so far.*no luck"),
        ("print('hello')", "(?s)did not end with a line of JSON.*hello"),
        ("", "did not end with a line of JSON"),
    ],
)
def test_it_fails_with_all_that_a_script_said(python, write, text, reason):
    with pytest.raises(pytest.fail.Exception, match=reason):
        python(write(text))


def test_it_ends_a_script_that_does_not(tmp_path, write):
    python = ScriptRunner(command=(sys.executable,), home=tmp_path, timeout=1)
    script = write("import time; print('so far', flush=True); time.sleep(60)")
    with pytest.raises(pytest.fail.Exception, match="(?s)did not end in 1 s.*so far"):
        python(script)


def test_it_shows_scripts_an_installation(live_url, python, write):
    script = write(
        "import os, sys, urllib.request as web\n"
        "key = {'Authorization': 'Bearer ' + os.environ['KEY']}\n"
        "print(web.urlopen(web.Request(sys.argv[1], headers=key)).read().decode())\n"
    )
    found = python(script, f"{live_url.url}/api/v1/inboxes", KEY=live_url.key)
    assert [(one["id"], one["address"]) for one in found["data"]] == [
        (live_url.inbox_id, "agent@acme.test")
    ]
    assert live_url.installation.rows("SELECT address FROM messaging_inbox") == [
        ("agent@acme.test",)
    ]


@pytest.mark.slow
def test_it_sends_once_there_is_a_worker(live_url):
    message = live_url.send("ann@example.com")
    live_url.work()
    live_url.work()
    assert len(live_url.installation.workers) == 1
    assert live_url.wait_for_status(message["id"], "sent")
