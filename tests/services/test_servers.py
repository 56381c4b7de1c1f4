import sys
from pathlib import Path

import pytest

from tests.services.servers import Child, absent, accepts, free_port, wait_until


def test_it_waits_for_a_condition_and_names_it_when_it_gives_up():
    answers = iter([0, "", "here"])
    assert wait_until(lambda: next(answers), what="an answer") == "here"
    with pytest.raises(TimeoutError, match="without an answer"):
        wait_until(lambda: None, what="an answer", timeout=0.05)


def test_it_skips_on_a_laptop_and_fails_in_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no such server"):
        absent("no such server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no such server"):
        absent("no such server")


def test_it_finds_a_port_where_nobody_listens(sink):
    assert accepts(sink.port)
    assert not accepts(free_port())


def test_it_tells_what_a_process_said_that_ended_too_early(tmp_path):
    child = Child.start([sys.executable, "-c", "print('no luck')"], log=tmp_path / "log")
    with pytest.raises(RuntimeError, match="no luck"):
        child.wait_until(lambda: False, what="luck")


def test_it_kills_a_process_with_all_its_children(tmp_path):
    command = ["sh", "-c", "sleep 60 & echo $! && sleep 60"]
    child = Child.start(command, log=tmp_path / "log")
    grandchild = int(child.wait_until(child.said, what="the number of the grandchild"))
    child.kill()
    assert child.process.returncode == -9

    def gone():
        state = Path(f"/proc/{grandchild}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z"

    wait_until(gone, what="the end of the grandchild")
