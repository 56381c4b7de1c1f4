"""Addresses of mail, below /api/v1."""

from typing import Any

from django.urls import path

from messaging.api.addresses import AddressesView
from messaging.api.arrivals import ArrivalView, InboxRaw
from messaging.api.customers import CustomerViewSet
from messaging.api.inboxes import FolderViewSet, InboxViewSet
from messaging.api.limits import LimitsView
from messaging.api.messages import MessageViewSet
from messaging.api.sending import SendingView
from messaging.api.threads import ThreadViewSet

app_name = "messaging"

MANY: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("messages", MessageViewSet.as_view(MANY), name="messages"),
    path("messages/<str:id>", MessageViewSet.as_view(ONE), name="message"),
    path("messages/<str:id>/raw", MessageViewSet.as_view({"get": "raw"}), name="message-raw"),
    path(
        "messages/<str:id>/attachments/<str:attachment_id>/content",
        MessageViewSet.as_view({"get": "content"}),
        name="message-file",
    ),
    path(
        "messages/<str:id>/attachments/<str:attachment_id>/preview",
        MessageViewSet.as_view({"get": "preview"}),
        name="message-preview",
    ),
    path(
        "messages/<str:id>/events", MessageViewSet.as_view({"get": "events"}), name="message-events"
    ),
    path(
        "messages/<str:id>/manifest",
        MessageViewSet.as_view({"get": "manifest"}),
        name="message-manifest",
    ),
    path(
        "messages/<str:id>/cancel",
        MessageViewSet.as_view({"post": "cancel"}),
        name="message-cancel",
    ),
    path(
        "messages/<str:id>/resolve",
        MessageViewSet.as_view({"post": "resolve"}),
        name="message-resolve",
    ),
    path("inboxes", InboxViewSet.as_view(MANY), name="inboxes"),
    path("inboxes/<str:id>", InboxViewSet.as_view(ONE), name="inbox"),
    path("inboxes/<str:id>/folders", FolderViewSet.as_view(MANY), name="folders"),
    path("inboxes/<str:id>/folders/<str:folder_id>", FolderViewSet.as_view(ONE), name="folder"),
    path("inboxes/<str:id>/raw", InboxRaw.as_view(), name="inbox-raw"),
    path("arrivals/<str:id>", ArrivalView.as_view(), name="arrival"),
    path("addresses", AddressesView.as_view(), name="addresses"),
    path("customers", CustomerViewSet.as_view(MANY), name="customers"),
    path("customers/<str:id>", CustomerViewSet.as_view(ONE), name="customer"),
    path("threads", ThreadViewSet.as_view({"get": "list"}), name="threads"),
    path("threads/<str:id>", ThreadViewSet.as_view({"get": "retrieve"}), name="thread"),
    path("sending", SendingView.as_view(), name="sending"),
    path("limits", LimitsView.as_view(), name="limits"),
]
