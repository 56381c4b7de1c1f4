"""Who sees and does what: every registered model, every page of it."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from messaging.models import Message, Suppression
from project.backoffice.models import Job
from project.tenancy.models import ApiKey, Member, Post, User, Workspace
from project.tenancy.office import ReadOnlyAdmin
from tests.backoffice.people import act, browser_of, list_of, make_officer, page_of
from tests.backoffice.rows import BODY, fill
from tests.people import Person

HERS, HIS = "alicemark", "charliemark"
OURS = [model for model, pages in admin.site._registry.items() if isinstance(pages, ReadOnlyAdmin)]
FOREIGN = [model for model in admin.site._registry if model not in OURS]
MODELS = pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)


@pytest.fixture
def message(alice: Person, charlie: Person) -> Message:
    """Alice's; both she and Charlie have a row of every kind."""
    fill(charlie, HIS)
    return fill(alice, HERS)


@pytest.fixture
def hers(message: Message, alice: Person) -> Client:
    """An operator of Alice's workspace."""
    return browser_of(make_officer("operator", alice.workspace))


@pytest.fixture
def his(message: Message, charlie: Person) -> Client:
    """An operator of Charlie's workspace."""
    return browser_of(make_officer("operator", charlie.workspace))


@pytest.fixture
def auditor(message: Message, alice: Person) -> Client:
    return browser_of(make_officer("auditor", None))


def words_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return b"".join(answer).decode()


def marked(model: type[Model]) -> tuple[Model, Model]:
    """Alice's row and Charlie's."""
    pages = admin.site.get_model_admin(model)
    assert isinstance(pages, ReadOnlyAdmin)
    rows = model._base_manager.all()
    found = [
        pages.within(rows, frozenset([Workspace.objects.get(name=name).pk])).first()
        for name in ("Acme", "Stranger")
    ]
    assert found[0] and found[1], f"{model.__name__}: no row of each"
    return found[0], found[1]


@MODELS
def test_an_operator_sees_one_workspace_in_every_list_filter_and_search(
    his: Client, model: type[Model]
):
    own = words_of(his, list_of(model))
    assert HERS not in own and "Acme" not in own
    for query in (f"q={HERS}", "q=Acme", "all=1", "_facets=True"):
        found = words_of(his, f"{list_of(model)}?{query}")
        assert f"{HERS}@" not in found and f"Subject {HERS}" not in found
        assert ">Acme<" not in found and page_of(marked(model)[0]) not in found


@MODELS
def test_an_operator_opens_no_page_of_another_workspace(his: Client, model: type[Model]):
    hers, own = marked(model)
    assert HERS not in words_of(his, page_of(own))
    for page in (page_of(hers), page_of(hers).replace("/change/", "/history/")):
        answer = his.get(page)
        assert answer.status_code == 302 and answer["Location"] == reverse("admin:index")


@MODELS
def test_the_walk_can_see_what_it_looks_for(hers: Client, model: type[Model]):
    assert page_of(marked(model)[0]) in words_of(hers, list_of(model)) or HERS in words_of(
        hers, page_of(marked(model)[0])
    )


@MODELS
def test_an_auditor_reads_every_page_and_no_body(auditor: Client, model: type[Model]):
    pages = [list_of(model), *(page_of(row) for row in model._base_manager.all()[:20])]
    for page in pages:
        assert BODY not in words_of(auditor, page), page


@MODELS
def test_an_auditor_may_do_nothing(auditor: Client, model: type[Model]):
    row = marked(model)[0]
    before = model._base_manager.values().get(pk=row.pk)
    shown = words_of(auditor, list_of(model)) + words_of(auditor, page_of(row))
    assert 'name="action"' not in shown and 'name="_save"' not in shown
    pages = admin.site.get_model_admin(model)
    assert isinstance(pages, ReadOnlyAdmin)
    jobs = Job.objects.count()
    for deed in pages.deeds:
        assert act(auditor, model, deed.name, row) is None
    for page in ("change", "delete"):
        url = page_of(row).replace("/change/", f"/{page}/")
        assert auditor.post(url, {"post": "yes"}).status_code == 403
    assert model._base_manager.values().get(pk=row.pk) == before
    assert Job.objects.count() == jobs


def test_an_auditor_opens_no_body_by_its_own_page_either(auditor: Client, message: Message):
    for name in ("open", "body", "html", "raw", "resend"):
        url = reverse(f"admin:message_{name}", args=[message.pk])
        assert auditor.get(url).status_code == 403
        assert auditor.post(url, {"reason": "curious", "email": HERS}).status_code in (403, 405)
    assert Message.objects.filter(deliveries__isnull=False).count() == 2


def test_an_auditor_stops_no_job(auditor: Client):
    job = Job.objects.all()[0]
    url = reverse("admin:backoffice_job_stop", args=[job.pk])
    assert auditor.post(url).status_code == 403
    job.refresh_from_db()
    assert job.stopped_at is None


def test_pages_outside_the_models_show_nothing_of_another_workspace(his: Client, message: Message):
    for name in ("open", "body", "html", "raw", "resend"):
        url = reverse(f"admin:message_{name}", args=[message.pk])
        assert his.get(url).status_code == 404
    for url in (reverse("admin:index"), reverse("admin:events_event_export")):
        found = words_of(his, url)
        assert HERS not in found and "Acme" not in found
    job = Job.objects.get(reason=HERS)
    assert his.post(reverse("admin:backoffice_job_stop", args=[job.pk])).status_code == 404


def test_an_action_reaches_no_row_of_another_workspace(his: Client):
    hers, own = marked(Suppression)
    act(his, Suppression, "lift", hers, own)
    assert list(Suppression.objects.all()) == [hers]


def test_all_that_match_are_those_of_the_own_workspace(his: Client):
    hers, own = marked(ApiKey)
    act(his, ApiKey, "revoke")
    hers.refresh_from_db()
    own.refresh_from_db()
    assert isinstance(hers, ApiKey) and isinstance(own, ApiKey)
    assert (hers.revoked_at is None, own.revoked_at is None) == (True, False)


def test_who_audits_one_workspace_and_operates_another_acts_in_one_only(
    message: Message, alice: Person, charlie: Person
):
    user = make_officer("operator", charlie.workspace)
    Post.objects.create(user=user, duty="auditor", workspace=alice.workspace)
    browser = browser_of(user)
    hers, own = marked(Suppression)
    assert 'name="action"' not in words_of(browser, page_of(hers))
    act(browser, Suppression, "lift", hers, own)
    assert list(Suppression.objects.all()) == [hers]


def test_a_job_that_touches_another_workspace_is_not_shown(
    his: Client, message: Message, charlie: Person
):
    job = Job.objects.get(reason=HIS)
    assert HIS in words_of(his, list_of(Job))
    job.rows.create(subject_id=message.pk, workspace=message.workspace)
    assert HIS not in words_of(his, list_of(Job))
    assert his.get(page_of(job)).status_code == 302


def test_a_person_of_two_workspaces_shows_only_the_one_within_reach(
    his: Client, alice: Person, charlie: Person
):
    Member.objects.create(user=charlie.user, workspace=alice.workspace, role="member")
    assert "Acme" not in words_of(his, page_of(charlie.user))


@pytest.mark.parametrize("duty", ["operator", "auditor"])
@pytest.mark.parametrize("model", [User, Post, Member, Workspace, ApiKey])
def test_only_superusers_change_who_may_what(message, duty, model):
    client = browser_of(make_officer(duty, None))
    row = marked(model)[0]
    assert client.post(page_of(row), {"is_superuser": "on"}).status_code == 403
    add = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
    assert client.get(add).status_code == 403
    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.parametrize("model", FOREIGN, ids=lambda model: model.__name__)
def test_pages_that_are_none_of_ours_are_for_superusers(message, model):
    assert browser_of(make_officer("operator", None)).get(list_of(model)).status_code == 403


def test_without_a_post_nobody_comes_in(message, alice: Person):
    idle = make_officer("operator")
    Post.objects.create(user=alice.user, duty="operator")  # and is no staff
    for user in (idle, alice.user):
        browser = browser_of(user)
        answer = browser.get(reverse("admin:index"))
        assert answer.status_code == 302 and "/admin/login" in answer["Location"]
        assert browser.get(answer["Location"]).status_code == 403


def test_strangers_are_sent_to_where_everybody_signs_in():
    answer = Client().get(reverse("admin:login") + "?next=/admin/messaging/message/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/admin/messaging/message/"


def test_nobody_signs_in_by_the_admins_own_form(alice: Person):
    client = Client()
    answer = client.post(reverse("admin:login"), {"username": "alice@acme.test", "password": "x"})
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
    assert "_auth_user_id" not in client.session


def test_a_person_has_a_post_once(alice: Person):
    user = make_officer("operator", alice.workspace, None)
    for workspace in (alice.workspace, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            Post.objects.create(user=user, duty="auditor", workspace=workspace)
