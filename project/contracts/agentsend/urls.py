"""Where AgentSend is served."""

from django.urls import path

from project.contracts.agentsend.views.account import (
    AutoProvision,
    Domains,
    Health,
    OneDomain,
    VerifyDomain,
)
from project.contracts.agentsend.views.attachments import Attachments, OneAttachment
from project.contracts.agentsend.views.inboxes import Inboxes, OneInbox
from project.contracts.agentsend.views.messages import InboxMessages, OneMessage
from project.contracts.agentsend.views.threads import InboxThreads, OneThread, ThreadMessages
from project.contracts.agentsend.views.webhooks import OneWebhook, Webhooks

urlpatterns = [
    path("attachments", Attachments.as_view()),
    path("attachments/<str:id>", OneAttachment.as_view()),
    path("inboxes", Inboxes.as_view()),
    path("inboxes/<str:id>", OneInbox.as_view()),
    path("inboxes/<str:id>/messages", InboxMessages.as_view()),
    path("inboxes/<str:id>/threads", InboxThreads.as_view()),
    path("messages/<str:id>", OneMessage.as_view()),
    path("threads/<str:id>", OneThread.as_view()),
    path("threads/<str:id>/messages", ThreadMessages.as_view()),
    path("webhooks", Webhooks.as_view()),
    path("webhooks/<str:id>", OneWebhook.as_view()),
    path("domains", Domains.as_view()),
    path("domains/<str:id>", OneDomain.as_view()),
    path("domains/<str:id>/verify", VerifyDomain.as_view()),
    path("auth/auto-provision", AutoProvision.as_view()),
    path("health", Health.as_view()),
]
