"""Addresses of the settings, below /mail/settings, and of the link of an invitation."""

from django.urls import path

from project.desk.settings.deliveries import delivery, tell_again
from project.desk.settings.domains import (
    check_key,
    domain,
    domains,
    make_key,
    remove_key,
    stop_key,
)
from project.desk.settings.frame import settings
from project.desk.settings.inboxes import close_inbox, inbox, inboxes, new_inbox
from project.desk.settings.joining import join
from project.desk.settings.keys import end_key, keys, new_key
from project.desk.settings.members import (
    give_role,
    members,
    remove,
    renew,
    show_link,
    withdraw,
)
from project.desk.settings.relays import relay, test_inbox, tested_inbox
from project.desk.settings.webhooks import (
    end_webhook,
    new_secret,
    new_webhook,
    test_webhook,
    turn_webhook,
    webhook,
    webhooks,
)
from project.desk.settings.workspace import workspace
from project.desk.settings.you import decline_offer, sign_out_elsewhere, you

INBOX = "settings/inboxes/<str:id>"
DOMAIN = "settings/domains/<str:id>"
SIGNING_KEY = f"{DOMAIN}/keys/<str:key_id>"
KEY = "settings/keys/<str:id>"
WEBHOOK = "settings/webhooks/<str:id>"
DELIVERY = f"{WEBHOOK}/deliveries/<str:delivery_id>"
INVITATION = "settings/members/invitations/<str:id>"

urlpatterns = [
    path("settings", settings, name="settings"),
    path("settings/inboxes", inboxes, name="settings-inboxes"),
    path("settings/inboxes/new", new_inbox, name="settings-new-inbox"),
    path(INBOX, inbox, name="settings-inbox"),
    path(f"{INBOX}/relay", relay, name="settings-inbox-relay"),
    path(f"{INBOX}/test", test_inbox, name="settings-inbox-test"),
    path(f"{INBOX}/test/<str:message_id>", tested_inbox, name="settings-inbox-tested"),
    path(f"{INBOX}/close", close_inbox, name="settings-inbox-close"),
    path("settings/domains", domains, name="settings-domains"),
    path(DOMAIN, domain, name="settings-domain"),
    path(f"{DOMAIN}/keys", make_key, name="settings-signing-key-make"),
    path(f"{SIGNING_KEY}/check", check_key, name="settings-signing-key-check"),
    path(f"{SIGNING_KEY}/stop", stop_key, name="settings-signing-key-stop"),
    path(f"{SIGNING_KEY}/remove", remove_key, name="settings-signing-key-remove"),
    path("settings/keys", keys, name="settings-keys"),
    path("settings/keys/new", new_key, name="settings-new-key"),
    path(f"{KEY}/revoke", end_key, name="settings-key-revoke"),
    path("settings/webhooks", webhooks, name="settings-webhooks"),
    path("settings/webhooks/new", new_webhook, name="settings-new-webhook"),
    path(WEBHOOK, webhook, name="settings-webhook"),
    path(f"{WEBHOOK}/turn", turn_webhook, name="settings-webhook-turn"),
    path(f"{WEBHOOK}/test", test_webhook, name="settings-webhook-test"),
    path(f"{WEBHOOK}/secret", new_secret, name="settings-webhook-secret"),
    path(f"{WEBHOOK}/delete", end_webhook, name="settings-webhook-delete"),
    path(DELIVERY, delivery, name="settings-delivery"),
    path(f"{DELIVERY}/replay", tell_again, name="settings-delivery-replay"),
    path("settings/members", members, name="settings-members"),
    path("settings/members/<str:id>/role", give_role, name="settings-member-role"),
    path("settings/members/<str:id>/remove", remove, name="settings-member-remove"),
    path(f"{INVITATION}/link", show_link, name="settings-invitation-link"),
    path(f"{INVITATION}/renew", renew, name="settings-invitation-renew"),
    path(f"{INVITATION}/withdraw", withdraw, name="settings-invitation-withdraw"),
    path("settings/workspace", workspace, name="settings-workspace"),
    path("settings/you", you, name="settings-you"),
    path("settings/you/sessions", sign_out_elsewhere, name="settings-sessions"),
    path("settings/you/offer", decline_offer, name="settings-decline-offer"),
    path("join/<str:token>", join, name="join"),
]
