import pytest
import requests

pytestmark = [pytest.mark.live, pytest.mark.slow]


def test_it_answers_until_it_is_killed(make_installation):
    installation = make_installation()
    installation.start_web()
    assert installation.call("GET", "/livez").status_code == 200
    installation.kill_web()
    with pytest.raises(requests.ConnectionError):
        installation.call("GET", "/livez")
    installation.start_web()
    assert installation.call("GET", "/livez").status_code == 200
    installation.stop()


def test_it_has_data_of_its_own(make_installation):
    first, second = make_installation(), make_installation()
    first.manage("shell", "-c", "Workspace.objects.create(name='Acme')")
    assert first.rows("SELECT name FROM tenancy_workspace") == [("Acme",)]
    assert second.rows("SELECT name FROM tenancy_workspace") == []


@pytest.mark.parametrize("broker", ["filesystem", "amqp"])
def test_its_workers_can_be_killed_and_started_again(make_installation, broker):
    installation = make_installation(broker=broker)
    installation.start_worker()
    second = installation.start_worker(clock=False)
    installation.kill_worker(second)
    assert second.process.returncode == -9
    assert [worker.alive for worker in installation.workers] == [True]
    installation.start_worker(clock=False)
    installation.stop()
    assert installation.workers == []


def test_it_is_ready_to_send_to_the_sink(installation, sink):
    assert installation.environment["SMTP_URL"] == sink.url
    assert installation.call("GET", "/livez").status_code == 200
    assert installation.rows("SELECT count(*) FROM messaging_delivery") == [(0,)]
    (worker,) = installation.workers
    clock = "celerybeat-schedule*"
    worker.wait_until(lambda: any(installation.data.glob(clock)), what="the worker's clock")
