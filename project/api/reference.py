"""What the reference of the native API says of itself, and how it is drawn."""

INTRODUCTION = """\
Mail around the file: upload once, attach anywhere, send now or later.

**Keys.** Send `Authorization: Bearer KEY`, or `x-api-key: KEY`; press *Authorize* to use one here.
Whoever is signed in needs none. `GET /api/v1` says who you are and what you may do.

**In four requests.** `POST /attachments` a file, `POST /drafts` with its id in `attachments`,
`GET /drafts/{id}/check`, `POST /drafts/{id}/send`. Or all at once: `POST /messages`.

**Errors** are `{"error": {"code", "message", …}}`; `field` says where, and `request_id` finds it
in the log. **Lists** are `{"data", "next"}`: give `next` back as `after`. An **Idempotency-Key**
makes a POST safe to repeat.
"""

#: the settings of drf-spectacular
REFERENCE = {
    "TITLE": "Enclose",
    "DESCRIPTION": INTRODUCTION,
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "defaultModelsExpandDepth": 0,
        "docExpansion": "list",
        "tryItOutEnabled": True,
    },
    "PREPROCESSING_HOOKS": ["project.api.schema.native_only"],
    "COMPONENT_SPLIT_REQUEST": True,
    # Without these the schema's names for lists of values would change with every field added.
    "ENUM_NAME_OVERRIDES": {
        "AttachmentState": "attachments.models.AttachmentState",
        "DraftState": "drafts.models.DraftState",
        "InboxState": "messaging.models.Inbox.State",
        "FolderRole": "messaging.models.Folder.Role",
        "Channel": "messaging.models.message.Channel",
        "Direction": "messaging.models.message.Direction",
        "MessageStatus": "messaging.models.message.Status",
        "RecipientRole": "messaging.models.Recipient.Role",
        "RecipientStatus": "messaging.models.Recipient.State",
        "Scope": "project.tenancy.models.Scope",
        "WebhookState": "project.api.webhooks.serializers.STATES",
        "WebhookDeliveryState": "project.events.models.WebhookDelivery.State",
        "ArrivalState": "messaging.models.Arrival.State",
    },
}
