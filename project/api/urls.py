"""What of the native API belongs to no app: its description, the event log, webhooks and keys."""

from django.urls import path

from project.api.docs import DocsView, SchemaView
from project.api.events import Events
from project.api.keys import KeyViewSet
from project.api.webhooks.views import Webhooks

WEBHOOK = "webhooks/<str:id>"
DELIVERY = f"{WEBHOOK}/deliveries/<str:delivery_id>"

urlpatterns = [
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs", DocsView.as_view(), name="api-docs"),
    path("events", Events.as_view(), name="events"),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"}), name="keys"),
    path("keys/<str:id>", KeyViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="key"),
    path("webhooks", Webhooks.as_view({"get": "list", "post": "create"}), name="webhooks"),
    path(
        WEBHOOK,
        Webhooks.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="webhook",
    ),
    path(f"{WEBHOOK}/rotate_secret", Webhooks.as_view({"post": "rotate"})),
    path(f"{WEBHOOK}/test", Webhooks.as_view({"post": "test"})),
    path(f"{WEBHOOK}/replay", Webhooks.as_view({"post": "replay_range"})),
    path(f"{WEBHOOK}/deliveries", Webhooks.as_view({"get": "deliveries"})),
    path(DELIVERY, Webhooks.as_view({"get": "delivery"})),
    path(f"{DELIVERY}/replay", Webhooks.as_view({"post": "replay"})),
]
