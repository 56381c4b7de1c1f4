"""Where the contract is served."""

from django.urls import path

from project.contracts.bird.errors import BIRD
from project.contracts.bird.views.batches import Batches
from project.contracts.bird.views.files import File, Files
from project.contracts.bird.views.messages import Cancel, Events, Messages, OneMessage, Recipients
from project.contracts.bird.views.suppressions import OneSuppression, Suppressions
from project.contracts.bird.views.webhooks import (
    Attempts,
    OneWebhook,
    Replay,
    RotateSecret,
    Test,
    Webhooks,
)

BIRD.register()

MESSAGE = "v1/email/messages/<str:message_id>"
WEBHOOK = "v1/webhooks/<str:webhook_id>"

urlpatterns = [
    path("v1/email/messages", Messages.as_view()),
    path(MESSAGE, OneMessage.as_view()),
    path(f"{MESSAGE}/cancel", Cancel.as_view()),
    path(f"{MESSAGE}/recipients", Recipients.as_view()),
    path(f"{MESSAGE}/events", Events.as_view()),
    path(f"{MESSAGE}/attachments", Files.as_view()),
    path(f"{MESSAGE}/attachments/<str:attachment_id>", File.as_view()),
    path("v1/email/batches", Batches.as_view()),
    path("v1/email/suppressions", Suppressions.as_view()),
    path("v1/email/suppressions/<str:suppression_id>", OneSuppression.as_view()),
    path("v1/webhooks", Webhooks.as_view()),
    path(WEBHOOK, OneWebhook.as_view()),
    path(f"{WEBHOOK}/rotate-secret", RotateSecret.as_view()),
    path(f"{WEBHOOK}/test", Test.as_view()),
    path(f"{WEBHOOK}/attempts", Attempts.as_view()),
    path(f"{WEBHOOK}/replay", Replay.as_view()),
]
