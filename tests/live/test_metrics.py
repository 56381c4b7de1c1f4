"""The numbers of an installation, whichever of its processes is asked."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.live.office import Office


def test_any_process_gives_the_requests_of_all(make_installation):
    installation = make_installation(environment={"METRICS_TOKEN": "watching"})
    office = Office(installation)
    office.open(workers=0)
    asked = 40
    for _ in range(asked):
        assert installation.call("GET", "/livez").status_code == 200

    def counted() -> float:
        answer = installation.call("GET", "/metrics", key="watching")
        return sum(
            sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
            if sample.name == "enclose_request_seconds_count" and sample.labels["route"] == "livez"
        )

    seen = [counted() for _ in range(10)]
    assert len(set(seen)) == 1 and seen[0] >= asked
