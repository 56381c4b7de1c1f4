"""The official libraries, unmodified, against a live server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.nylas.wire import digest

SCRIPTS = Path(__file__).parent / "sdk"
RUN = bytes(range(256))
LARGE = RUN * 12_300
EMPTY = digest(b"")
UNKNOWN = "requested object not found"
TOO_LARGE = "max size of attachments for json is 3MB, received '"


@pytest.fixture(params=["python", "node"])
def run(request, live_url):
    """Run a script of one of the two languages; for the grant, which goes by id and by address."""

    def script(name: str, *, grant: str = ""):
        runner = request.getfixturevalue(f"{request.param}_sdk")
        ending = {"python": "py", "node": "mjs"}[request.param]
        return runner(
            SCRIPTS / f"{name}.{ending}",
            URL=live_url.url,
            KEY=live_url.key,
            GRANT=grant or live_url.grant_id,
        )

    script.language = request.param
    return script


def test_r3_r4_r6_r14_r37_r38_r44_drafts_and_their_files(run, live_url):
    by_address = "agent@acme.test"
    said = run("drafts", grant=by_address)
    if run.language == "python":
        _drafts_in_python(said, live_url)
    else:
        _drafts_in_node(said, live_url)


def _drafts_in_python(said, live_url):
    small = {
        "object": "draft",
        "grant_id": live_url.grant_id,
        "subject": "Hé ✓",
        "to": [{"email": "a@example.com", "name": "A"}],
        "files": [
            ["notes.txt", "", False, 12, digest(b"hello world\n")],
            ["a.png", "cid1", True, 256 * 40, digest(RUN * 40)],
            ["empty.bin", "", False, 0, EMPTY],
        ],
    }
    assert said["request_id"]
    assert said["small"] == said["found"] == small
    assert said["selected"] == live_url.grant_id
    assert said["metadata"] is True
    assert said["stream"] == [digest(RUN * 40), "application/octet-stream"]
    assert said["updated"] == {**small, "subject": "s2"}
    other = ["other.bin", "", False, 256 * 40, digest((RUN * 40)[::-1])]
    assert said["replaced"] == {**small, "subject": "s2", "files": [other]}
    assert said["removed"] == {**small, "subject": "s2", "files": []}
    assert said["trap"].startswith("tuple indices must be integers or slices, not str")
    assert said["trap of update"] == said["trap"]
    assert [one["files"] for one in said["large"]] == [
        [
            ["big.bin", "file0", False, len(LARGE), digest(LARGE)],
            ["small.bin", "mycid", False, 256 * 40, digest(RUN * 40)],
            ['quote".bin', "file2", False, 1, digest(b"x")],
        ]
    ]
    new = [["new.bin", "file0", False, len(LARGE), digest(LARGE[::-1])]]
    assert said["large updated"]["files"] == new
    assert said["large updated"]["subject"] == "large one"
    assert said["sent"] == {**said["large updated"], "object": "message"}
    assert said["message"] == said["sent"]
    assert said["no draft"] == said["gone"] == [404, "not_found_error"]
    assert said["destroyed"] is True
    assert said["left"] == 0


def _drafts_in_node(said, live_url):
    small = {
        "object": "draft",
        "grant_id": live_url.grant_id,
        "subject": "Hé ✓",
        "metadata": {"camelKey1": "v"},
        "files": [
            ["small.txt", "", False, 12, digest(b"hello world\n")],
            ["a.png", "cid1", True, 256, digest(RUN)],
            ["empty.bin", "", False, 0, EMPTY],
        ],
    }
    assert said["requestId"]
    assert said["small"] == said["found"] == small
    assert said["metadata"] is True
    assert said["streams"] == [digest(RUN)] * 2
    assert said["updated"] == {**small, "subject": "s2"}
    other = ["other.bin", "", False, 256, digest(RUN[::-1])]
    assert said["replaced"] == {**small, "subject": "s2", "files": [other]}
    assert said["removed"] == {**small, "subject": "s2", "files": []}
    large = {
        **small,
        "subject": "large one",
        "files": [
            ["big.bin", "file0", False, len(LARGE), digest(LARGE)],
            ["pïc.png", "mycid", False, 256, digest(RUN)],
            ["twin.png", "mycid", False, 4, digest(b"twin")],
            ["b64.txt", "file2", False, 5, digest(b"hello")],
        ],
    }
    assert sorted(said["large"]["files"]) == sorted(large["files"])
    assert {**said["large"], "files": []} == {**large, "files": []}
    new = [['new".bin', "file0", False, len(LARGE), digest(LARGE[::-1])]]
    assert said["largeUpdated"] == {**large, "files": new}
    assert said["long"] == [True, 1]
    assert said["sent"] == {**large, "object": "message", "files": new}
    assert said["message"] == said["sent"]
    assert said["noDraft"] == said["gone"] == ["NylasApiError", 404, "not_found_error"]
    assert said["destroyed"] is True
    assert said["left"] == 0


def test_r18_r40_r51_r72_r73_sending_now_and_later(run):
    said = run("sends")
    is_python = run.language == "python"
    big = LARGE if is_python else (b"large file " * 300_000)[:3_148_800]
    assert said["first"] == [
        "message",
        "first",
        [{"email": "agent@acme.test", "name": "Agent"}],
        {"key1": "v"} if is_python else {"camelKey1": "v"},
        [["pic.png", "pic", True, digest(b"PNG")]],
    ]
    assert said["large"] == [
        "large",
        [["big.bin", "file0", False, digest(big)], ["s.png", "c", False, digest(b"x")]],
        True,
    ]
    assert said["later"] == [True, True]
    assert said["schedules"] == [[True, "pending"]]
    assert said["schedule"] == ["pending", "schedule send awaiting send at time"]
    assert said["stopped"] == "requested cancelation for workflow"
    if is_python:
        assert said["unknown schedule"] == [404, "not_found_error"]
        assert said["raw"] == [
            "raw ✓",
            ["b@example.com"],
            [["raw.bin", "", False, digest(LARGE[:5000])]],
        ]
        assert said["listed"] == [["raw ✓", "large"], True]
        assert said["rest"][0][0] == "first"
        assert said["selected"] == [True, 1]
        assert said["grant"] == ["agent@acme.test", 1]
    else:
        assert said["unknownSchedule"] == ["NylasApiError", 404, "not_found_error"]
        assert said["listed"] == [["large"], True]
        assert said["once"] is True


def test_r2_r16_r17_r19_r59_r60_refusals(run):
    said = run("refusals")
    left = said.pop("left")
    form = said.pop("form")
    large = {name: said.pop(name) for name in ("json", "raw json")}
    error = "NylasApiError"
    assert said == {
        "draft": [error, "not_found_error", 404, UNKNOWN, True],
        "odd id": [error, "not_found_error", 404, UNKNOWN, True],
        "grant": [error, "grant.not_found", 404, "grant not found", True],
        "key": [error, "unauthorized", 401, "Unauthorized", True],
        "key and form": [error, "unauthorized", 401, "Unauthorized", True],
        "no to": [error, "invalid_request_error", 400, "The to parameter is required.", True],
        "no recipients": said["no recipients"],
        "file": [error, "not_found_error", 404, UNKNOWN, True],
        "download": [error, "not_found_error", 404, UNKNOWN, True],
        "message": [error, "not_found_error", 404, UNKNOWN, True],
    }
    assert said["no recipients"][:3] == [error, "invalid_request_error", 400]
    for name, least in (("json", 3_145_728), ("raw json", 6_990_000)):
        kind, type, status, message, same = large[name]
        assert (kind, type, status, same) == (error, "invalid_request_error", 400, True)
        assert message.startswith(TOO_LARGE)
        assert least < int(message.removeprefix(TOO_LARGE)[:-1]) < least + 2000
    assert form[:3] == [error, "invalid_request_error", 413]
    assert "28,311,552" in form[3]
    assert left == ["a.bin"]
