from __future__ import annotations

from django.test import Client

from project.ids import new_id, spell
from tests.contracts.agentsend.reach import error_of, listed
from tests.people import Person


def test_it_lists_the_domains_of_the_account(alice: Person, charlie: Person):
    assert listed(alice.api.get("/domains")) == []
    own = alice.workspace.domains.create(name="own.test")
    (domain,) = listed(alice.api.get("/domains"))
    assert domain["id"] == spell("dom", own.pk) and domain["domain"] == "own.test"
    assert domain["verificationStatus"] == "verified"
    assert alice.api.get(f"/domains/{domain['id']}").json() == domain
    assert listed(charlie.api.get("/domains")) == []
    error_of(charlie.api.get(f"/domains/{domain['id']}"), 404, "NOT_FOUND")
    error_of(alice.api.get(f"/domains/{spell('dom', new_id())}"), 404, "NOT_FOUND")


def test_domains_are_the_operators(alice: Person):
    own = alice.workspace.domains.create(name="own.test")
    path = f"/domains/{spell('dom', own.pk)}"
    error_of(alice.api.post("/domains", {"domain": "new.test"}), 404, "NOT_FOUND")
    error_of(alice.api.delete(path), 404, "NOT_FOUND")
    error_of(alice.api.post(f"{path}/verify"), 404, "NOT_FOUND")
    assert alice.workspace.domains.count() == 1


def test_nobody_makes_an_account_here(db: None):
    body = {"deviceId": "device-1"}
    answer = Client().post("/auth/auto-provision", body, content_type="application/json")
    error_of(answer, 403, "FORBIDDEN")
    error_of(Client().get("/auth/auto-provision"), 405, "METHOD_NOT_ALLOWED")


def test_health_needs_no_key(db: None):
    answer = Client().get("/health")
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}
    assert Client().head("/health").status_code == 200
    assert Client().get("/health", headers={"x-api-key": "nonsense"}).status_code == 200
    assert Client().get("/livez").content == b"ok\n"
