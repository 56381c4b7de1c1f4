"""Where the contract is served."""

from __future__ import annotations

from django.urls import URLPattern, path

from project.contracts.nylas.attachments import AttachmentDownload, AttachmentMetadata
from project.contracts.nylas.clean import Clean
from project.contracts.nylas.drafts import Drafts, OneDraft
from project.contracts.nylas.errors import NYLAS
from project.contracts.nylas.folders import Folders, OneFolder
from project.contracts.nylas.grants import Grants, OneGrant
from project.contracts.nylas.messages import Messages, OneMessage
from project.contracts.nylas.schedules import OneSchedule, Schedules
from project.contracts.nylas.send import Send
from project.contracts.nylas.threads import OneThread, Threads
from project.contracts.nylas.webhooks import (
    IpAddresses,
    OneWebhook,
    PostSecret,
    PutSecret,
    Webhooks,
)

NYLAS.register()

GRANT = "v3/grants/<str:grant>"

#: drafts, sending, attachments
written: list[URLPattern] = [
    path(f"{GRANT}/drafts", Drafts.as_view()),
    path(f"{GRANT}/drafts/<str:id>", OneDraft.as_view()),
    path(f"{GRANT}/messages/send", Send.as_view()),
    path(f"{GRANT}/attachments/<str:id>", AttachmentMetadata.as_view()),
    path(f"{GRANT}/attachments/<str:id>/download", AttachmentDownload.as_view()),
]

#: grants, folders, threads, messages, schedules, clean; ahead of `messages/<id>` what is a word
read: list[URLPattern] = [
    path("v3/grants", Grants.as_view()),
    path(GRANT, OneGrant.as_view()),
    path(f"{GRANT}/folders", Folders.as_view()),
    path(f"{GRANT}/folders/<str:id>", OneFolder.as_view()),
    path(f"{GRANT}/threads", Threads.as_view()),
    path(f"{GRANT}/threads/<str:id>", OneThread.as_view()),
    path(f"{GRANT}/messages", Messages.as_view()),
    path(f"{GRANT}/messages/schedules", Schedules.as_view()),
    path(f"{GRANT}/messages/schedules/<str:id>", OneSchedule.as_view()),
    path(f"{GRANT}/messages/clean", Clean.as_view()),
    path(f"{GRANT}/messages/<str:id>", OneMessage.as_view()),
]

#: ahead of `webhooks/<id>` what is a word
told: list[URLPattern] = [
    path("v3/webhooks", Webhooks.as_view()),
    path("v3/webhooks/ip-addresses", IpAddresses.as_view()),
    path("v3/webhooks/rotate-secret/<str:id>", PostSecret.as_view()),
    path("v3/webhooks/<str:id>", OneWebhook.as_view()),
    path("v3/webhooks/<str:id>/rotate-secret", PutSecret.as_view()),
]

urlpatterns: list[URLPattern] = [*written, *read, *told]
