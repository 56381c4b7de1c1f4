"""What of the native API belongs to no app: its description, the event log and the keys."""

from django.urls import path

from project.api.docs import DocsView, SchemaView
from project.api.events import Events
from project.api.keys import KeyViewSet

urlpatterns = [
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs", DocsView.as_view(), name="api-docs"),
    path("events", Events.as_view(), name="events"),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"}), name="keys"),
    path("keys/<str:id>", KeyViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="key"),
]
