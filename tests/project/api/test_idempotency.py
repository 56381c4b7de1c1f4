"""Requests with an Idempotency-Key take effect once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from rest_framework.response import Response

from project.api import idempotency
from project.api.idempotency import RequestInProgress, remember
from project.tenancy.models import Domain, IdempotencyRecord
from project.tenancy.services import forget_idempotency_keys
from tests.make import api_of, make_workspace
from tests.people import Person
from tests.project.api.test_errors import error_in

pytestmark = pytest.mark.urls("tests.project.api.sample")

PATH = "/api/v1/domains"


def post(person: Person, name: str, key: str | None = "k1", path: str = PATH) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api_of(person.key).post(path, {"name": name}, headers=headers)


def test_it_runs_once_and_replays_the_answer(alice: Person) -> None:
    first, second = post(alice, "a.test"), post(alice, "a.test")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert "Idempotency-Replay" not in first
    assert second["Idempotency-Replay"] == "true"
    assert Domain.objects.count() == 1


def test_it_replays_to_a_colleague_and_not_to_a_stranger(
    alice: Person, bob: Person, charlie: Person
) -> None:
    first = post(alice, "a.test")
    assert post(bob, "a.test").content == first.content
    assert post(charlie, "a.test").status_code == 409  # the effect's own refusal: it ran


def test_it_refuses_the_key_for_another_request(alice: Person) -> None:
    post(alice, "a.test")
    assert error_in(post(alice, "b.test"), 409)["code"] == "idempotency_key_reused"
    assert Domain.objects.count() == 1


def test_it_runs_every_time_without_a_key(alice: Person) -> None:
    assert post(alice, "a.test", None).status_code == 201
    assert post(alice, "a.test", None).status_code == 409


def test_a_refusal_frees_the_key(alice: Person) -> None:
    Domain.objects.create(workspace=alice.workspace, name="a.test")
    assert error_in(post(alice, "a.test"), 409)["code"] == "conflict"
    assert not IdempotencyRecord.objects.exists()
    assert post(alice, "b.test").status_code == 201


def test_a_bug_frees_the_key_and_undoes_the_effect(alice: Person) -> None:
    def effect() -> Response:
        Domain.objects.create(workspace=alice.workspace, name="a.test")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        remember(
            workspace=alice.workspace,
            door="native",
            key="k",
            fingerprint=lambda: "f",
            effect=effect,
        )
    assert not IdempotencyRecord.objects.exists()
    assert not Domain.objects.exists()


def test_it_says_that_an_equal_request_is_in_progress(alice: Person) -> None:
    inside: list[Any] = []

    def effect() -> Response:
        inside.append(attempt())
        return Response({"n": 1})

    def attempt() -> Any:
        try:
            return remember(
                workspace=alice.workspace, door="d", key="k", fingerprint=lambda: "f", effect=effect
            )
        except RequestInProgress as refusal:
            return refusal

    response, replayed = attempt()
    assert (response.data, replayed) == ({"n": 1}, False)
    assert isinstance(inside[0], RequestInProgress)


def test_it_takes_over_what_a_dead_process_left(alice: Person) -> None:
    past = timezone.now() - timedelta(seconds=1)
    post(alice, "a.test")
    IdempotencyRecord.objects.update(status=None, answer=None, lease_until=past)
    Domain.objects.all().delete()
    assert post(alice, "a.test").status_code == 201
    assert post(alice, "a.test")["Idempotency-Replay"] == "true"


def test_an_effect_that_lost_its_lease_is_undone(alice: Person) -> None:
    def effect() -> Response:
        Domain.objects.create(workspace=alice.workspace, name="a.test")
        IdempotencyRecord.objects.update(lease_until=timezone.now() + timedelta(hours=1))
        return Response()

    with pytest.raises(RequestInProgress):
        remember(
            workspace=alice.workspace, door="d", key="k", fingerprint=lambda: "f", effect=effect
        )
    assert not Domain.objects.exists()


def test_it_forgets_after_a_day(alice: Person) -> None:
    post(alice, "a.test")
    assert IdempotencyRecord.objects.get().expires_at > timezone.now() + timedelta(hours=23)
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    assert post(alice, "b.test").status_code == 201


def test_the_purge_deletes_only_what_is_over(alice: Person) -> None:
    for number in range(5):
        post(alice, f"{number}.test", f"k{number}")
    IdempotencyRecord.objects.filter(key__in=["k1", "k2"]).update(expires_at=timezone.now())
    assert forget_idempotency_keys(at=timezone.now()) == 2
    assert IdempotencyRecord.objects.count() == 3


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ü"])
def test_it_refuses_a_key_of_another_shape(alice: Person, key: str) -> None:
    error = error_in(post(alice, "a.test", key), 400)
    assert (error["code"], error["field"]) == ("invalid_idempotency_key", "Idempotency-Key")


@pytest.mark.parametrize("key", ["x", "x" * 255, 'a "quoted" one'])
def test_it_takes_keys_of_1_to_255_characters(alice: Person, key: str) -> None:
    assert post(alice, "a.test", key).status_code == 201
    assert post(alice, "a.test", key)["Idempotency-Replay"] == "true"


def test_it_knows_equal_files_by_their_digest(alice: Person) -> None:
    def send(file: bytes) -> Any:
        form = {"file": SimpleUploadedFile("a.txt", file)}
        headers = {"Idempotency-Key": "k"}
        return alice.api.post("/api/v1/files", form, format="multipart", headers=headers)

    first = send(b"same")
    assert send(b"same").content == first.content
    assert error_in(send(b"other"), 409)["code"] == "idempotency_key_reused"


def test_it_takes_two_statements_more_than_the_effect(
    alice: Person, django_assert_max_num_queries
) -> None:
    # key, reservation, look-up, insert, answer; each transaction here is a pair of savepoints
    with django_assert_max_num_queries(9):
        assert post(alice, "a.test").status_code == 201


def test_it_stores_the_answer_as_it_was(alice: Person) -> None:
    body = {"z": 1, "a": [1.5, None, "ü"], "nul": "\0"}
    for _ in range(2):
        response, _ = remember(
            workspace=alice.workspace,
            door="d",
            key="k",
            fingerprint=lambda: "f",
            effect=lambda: Response(body, status=202),
        )
    assert (response.status_code, response.data) == (202, body)
    assert list(response.data) == ["z", "a", "nul"]


@pytest.mark.django_db(transaction=True)
def test_it_holds_under_equal_requests_at_once(alice: Person) -> None:
    barrier = threading.Barrier(20)

    def send(_: int) -> Any:
        barrier.wait()
        try:
            return post(alice, "a.test")
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert Domain.objects.count() == 1
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] >= 1 and statuses[201] + statuses[409] == 20, statuses
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    codes = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
    assert codes <= {"request_in_progress"}
    assert post(alice, "a.test")["Idempotency-Replay"] == "true"


@pytest.mark.django_db(transaction=True)
def test_one_of_several_gets_an_abandoned_key(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = make_workspace()
    past = timezone.now() - timedelta(seconds=1)
    IdempotencyRecord.objects.create(
        workspace=workspace,
        door="d",
        key="k",
        fingerprint="f",
        lease_until=past,
        expires_at=timezone.now() + idempotency.KEPT,
    )
    barrier, ran = threading.Barrier(10), []

    def attempt(number: int) -> bool:
        def effect() -> Response:
            ran.append(number)
            return Response({"n": number})

        barrier.wait()
        try:
            remember(workspace=workspace, door="d", key="k", fingerprint=lambda: "f", effect=effect)
        except RequestInProgress:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert any(pool.map(attempt, range(10)))
    assert len(ran) == 1
