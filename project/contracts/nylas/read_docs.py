"""What the description of the contract says of grants, folders, threads and messages."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from project.contracts.nylas.docs import FILE, GRANT_ID, ID, OBJECT
from project.contracts.nylas.fields import FIELDS

REQUEST_ID = "req_0srw3b9v2ynk8"
TEXT, NUMBER, FLAG = str, int, bool


def _query(name: str, kind: Any, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=description, **more)


def _answer(data: Any, **beside: Any) -> OpenApiExample:
    value = {"request_id": REQUEST_ID, **beside, "data": data}
    return OpenApiExample("Answer", value=value, response_only=True)


def _request(value: dict[str, Any]) -> OpenApiExample:
    return OpenApiExample("Request", value=value, request_only=True)


DONE = OpenApiExample("Answer", value={"request_id": REQUEST_ID}, response_only=True)
SELECT = _query("select", TEXT, "Names of fields, with commas between: only these come.")
FIELDS_WANTED = _query("fields", TEXT, "What comes besides the usual.", enum=list(FIELDS))
PAGING = [
    _query("limit", NUMBER, "At most so many, from 1 to 200; 50 unless given."),
    _query("page_token", TEXT, "The next_cursor of the page before."),
    SELECT,
]
LETTER_FILTERS = [
    _query("subject", TEXT, "Any part of the subject, in any case."),
    _query("any_email", TEXT, "Up to 25 addresses, one of them in from, to, cc or bcc."),
    *(_query(name, TEXT, f"An address in `{name}`.") for name in ("from", "to", "cc", "bcc")),
    _query("in", TEXT, "The id of a folder, or INBOX, SENT, ARCHIVE, TRASH."),
    _query("unread", FLAG, "Not read yet, or read."),
    _query("starred", FLAG, "Starred, or not."),
    _query("has_attachment", FLAG, "With files, or without."),
]
DRAFT_FILTERS = [
    *LETTER_FILTERS,
    _query("thread_id", TEXT, "The id of a thread."),
    _query("metadata_pair", TEXT, "key:value, where key is one of key1 to key5; alone."),
]
MESSAGE_FILTERS = [
    *DRAFT_FILTERS,
    _query("received_after", NUMBER, "Later than this time, in Unix seconds."),
    _query("received_before", NUMBER, "Before this time, in Unix seconds."),
]
THREAD_FILTERS = [
    *LETTER_FILTERS,
    _query("latest_message_after", NUMBER, "With a message later than this time."),
    _query("latest_message_before", NUMBER, "With no message since this time."),
    _query("earliest_message_date", NUMBER, "Begun at this time or later."),
]

MESSAGE = {
    "id": ID,
    "grant_id": GRANT_ID,
    "object": "message",
    "subject": "Happy birthday",
    "from": [{"email": "team@acme.test", "name": "Acme"}],
    "to": [{"email": "jacob.doe@example.com", "name": "Jacob Doe"}],
    "date": 1790000000,
    "folders": [ID],
    "unread": False,
    "starred": False,
    "attachments": [FILE],
}
FOLDER = {
    "id": ID,
    "grant_id": GRANT_ID,
    "object": "folder",
    "name": "Invoices",
    "attributes": [],
    "total_count": 12,
    "unread_count": 3,
}
THREAD = {
    "id": ID,
    "grant_id": GRANT_ID,
    "object": "thread",
    "subject": "Happy birthday",
    "message_ids": [ID],
    "draft_ids": [],
    "folders": [ID],
    "unread": False,
    "starred": False,
    "has_drafts": False,
    "latest_draft_or_message": MESSAGE,
}
GRANT = {
    "id": GRANT_ID,
    "provider": "imap",
    "grant_status": "valid",
    "email": "team@acme.test",
    "created_at": 1790000000,
}
SCHEDULE = {
    "schedule_id": ID,
    "status": {"code": "pending", "description": "schedule send awaiting send at time"},
}
CHANGES = {
    "type": "object",
    "properties": {
        "unread": {"type": "boolean"},
        "starred": {"type": "boolean"},
        "folders": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
    },
}
MESSAGE_CHANGES = {
    **CHANGES,
    "properties": {
        **CHANGES["properties"],  # type: ignore[dict-item]
        "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
NAMED = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
CLEANED = {
    "type": "object",
    "required": ["message_id"],
    "properties": {
        "message_id": {"type": "array", "items": {"type": "string"}, "maxItems": 20},
        **{
            name: {"type": "boolean", "default": name != "html_as_markdown"}
            for name in (
                *("ignore_links", "ignore_images", "images_as_markdown", "ignore_tables"),
                *("remove_conclusion_phrases", "html_as_markdown"),
            )
        },
    },
}


def _reading(summary: str, example: OpenApiExample, *parameters: OpenApiParameter) -> Any:
    return {
        "summary": summary,
        "responses": {200: OBJECT},
        "parameters": list(parameters),
        "examples": [example],
    }


def _writing(summary: str, schema: Any, value: dict[str, Any], example: OpenApiExample) -> Any:
    return {
        "summary": summary,
        "request": {"application/json": schema},
        "responses": {200: OBJECT},
        "examples": [_request(value), example],
    }


LIST_GRANTS = _reading(
    "Return all grants",
    _answer([GRANT], limit=10, offset=0),
    _query("limit", NUMBER, "At most so many, from 1 to 200; 10 unless given."),
    _query("offset", NUMBER, "So many are left out at the beginning."),
    _query("email", TEXT, "The grant with this address."),
    _query("since", NUMBER, "Made at this time or later, in Unix seconds."),
    _query("before", NUMBER, "Made before this time."),
    _query("sort_by", TEXT, "By what they are ordered.", enum=["created_at", "updated_at"]),
    _query("order_by", TEXT, "In which direction.", enum=["asc", "desc"]),
)
FIND_GRANT = _reading("Return a grant", _answer(GRANT), SELECT)
LIST_FOLDERS = _reading("Return all folders", _answer([FOLDER]), *PAGING)
FIND_FOLDER = _reading("Return a folder", _answer(FOLDER), SELECT)
CREATE_FOLDER = _writing("Create a folder", NAMED, {"name": "Invoices"}, _answer(FOLDER))
UPDATE_FOLDER = _writing("Update a folder", NAMED, {"name": "Invoices"}, _answer(FOLDER))
DELETE_FOLDER = _reading("Delete a folder", DONE)
LIST_THREADS = _reading("Return all threads", _answer([THREAD]), *THREAD_FILTERS, *PAGING)
FIND_THREAD = _reading("Return a thread", _answer(THREAD), SELECT)
UPDATE_THREAD = _writing("Update a thread", CHANGES, {"unread": False}, _answer(THREAD))
DELETE_THREAD = _reading("Delete a thread", DONE)
LIST_MESSAGES = _reading(
    "Return all messages", _answer([MESSAGE]), FIELDS_WANTED, *MESSAGE_FILTERS, *PAGING
)
FIND_MESSAGE = _reading("Return a message", _answer(MESSAGE), FIELDS_WANTED, SELECT)
UPDATE_MESSAGE = _writing(
    "Update message attributes", MESSAGE_CHANGES, {"unread": False}, _answer(MESSAGE)
)
DELETE_MESSAGE = _reading(
    "Delete a message",
    DONE,
    _query("hard_delete", FLAG, "At once, instead of to the trash."),
)
LIST_SCHEDULES = _reading("Return scheduled messages", _answer([SCHEDULE]))
FIND_SCHEDULE = _reading("Return a scheduled message", _answer(SCHEDULE))
STOP_SCHEDULE: dict[str, Any] = {
    "summary": "Cancel a scheduled message",
    "responses": {202: OBJECT},
    "examples": [
        OpenApiExample(
            "Answer",
            value={
                "request_id": REQUEST_ID,
                "data": {"message": "requested cancelation for workflow"},
            },
            response_only=True,
            status_codes=["202"],
        )
    ],
}
CLEAN = _writing(
    "Clean messages",
    CLEANED,
    {"message_id": [ID]},
    _answer([{**MESSAGE, "conversation": "All the best!"}]),
)
