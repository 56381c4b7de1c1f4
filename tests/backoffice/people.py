"""Who works in the back office."""

from __future__ import annotations

from django.db.models import Model
from django.test import Client
from django.urls import reverse

from project.backoffice.models import Job
from project.tenancy.models import Post, User, Workspace
from tests.make import make_user


def make_officer(duty: str, *workspaces: Workspace | None) -> User:
    """Somebody with a post of each workspace; None: of the whole installation."""
    user = make_user(is_staff=True)
    for workspace in workspaces:
        Post.objects.create(user=user, duty=duty, workspace=workspace)
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_of(row: Model) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk])


def act(
    client: Client,
    model: type[Model],
    deed: str,
    *rows: Model,
    reason: str = "a customer asked",
    query: str = "",
) -> Job | None:
    """Choose rows in a list, and a deed, and give a reason; all that match if none are chosen.

    Gives the job that it became; None when nothing was done.
    """
    before = set(Job.objects.values_list("pk", flat=True))
    chosen = [str(row.pk) for row in rows] or [str(model._base_manager.values_list("pk")[0][0])]
    form = {"action": deed, "_selected_action": chosen, "select_across": "0" if rows else "1"}
    url = f"{list_of(model)}?{query}"
    asked = client.post(url, form)
    told = asked.context["count"] if "count" in (asked.context or ()) else 1_000_000
    client.post(url, {**form, "told": told, "reason": reason})
    return Job.objects.exclude(pk__in=before).first()
