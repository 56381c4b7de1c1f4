"""One small client for each door, so that what one does can be looked at through the others.

Ids go in and come out as the UUIDs that all doors share.
"""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpResponse
from rest_framework.test import APIClient

from project.ids import read, read_hex, spell, spell_hex

INBOX: Final = "alice@acme.test"
ANN: Final = "ann@example.com"
PDF: Final = "application/pdf"

#: a file's name and its size
Seen = tuple[str, int]


class Refused(Exception):
    """The door answered with this status."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(f"{answer.status_code} {answer.content[:500]!r}")
        self.status = answer.status_code


class DoorClient:
    """What every door's client has; a door that cannot do something leaves it out."""

    name: str

    def __init__(self, api: APIClient) -> None:
        self.api = api

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer, None if it has no body. Raises Refused."""
        text = b"" if body is None else json.dumps(body)
        return self._read(self.api.generic(method, path, text, content_type="application/json"))

    def post_form(self, path: str, content: bytes, name: str, **fields: str) -> Any:
        """The same of a form with a file, which comes last."""
        file = BytesIO(content)
        file.name = name
        return self._read(self.api.post(path, {**fields, "file": file}, format="multipart"))

    def _read(self, answer: Any) -> Any:
        if answer.status_code >= 400:
            raise Refused(answer)
        return answer.json() if answer.content else None

    def bytes_at(self, url: str) -> bytes:
        """What a GET of a path, or of an absolute URL of ours, gives. Raises Refused."""
        parts = urlsplit(url)
        answer: Any = self.api.get(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        if answer.status_code >= 400:
            raise Refused(answer)
        return b"".join(answer.streaming_content) if answer.streaming else answer.content


class Native(DoorClient):
    name = "native"

    def upload(self, content: bytes, name: str) -> UUID:
        return read("att", self.post_form("/api/v1/attachments", content, name)["id"])

    def file(self, id: UUID) -> Seen:
        found = self.ask("GET", f"/api/v1/attachments/{spell('att', id)}")
        return found["filename"], found["size"]

    def file_bytes(self, id: UUID) -> bytes:
        return self.bytes_at(f"/api/v1/attachments/{spell('att', id)}/content")

    def delete_file(self, id: UUID) -> None:
        self.ask("DELETE", f"/api/v1/attachments/{spell('att', id)}")

    def send(self, *files: UUID) -> UUID:
        letter = {"from": INBOX, "to": [ANN], "subject": "Native", "text": "See it."}
        body = {**letter, "attachments": [spell("att", id) for id in files]}
        return read("msg", self.ask("POST", "/api/v1/messages", body)["id"])

    def send_bytes(self, content: bytes, name: str) -> UUID:
        letter = {"from": INBOX, "to": [ANN], "subject": "Native", "text": "See it."}
        entry = {"filename": name, "content": b64encode(content).decode()}
        body = {**letter, "attachments": [entry]}
        return read("msg", self.ask("POST", "/api/v1/messages", body)["id"])

    def message(self, id: UUID) -> list[tuple[UUID, Seen]]:
        found = self.ask("GET", f"/api/v1/messages/{spell('msg', id)}")
        return [
            (read("att", one["id"]), (one["filename"], one["size"])) for one in found["attachments"]
        ]

    def message_bytes(self, id: UUID, file: UUID) -> bytes:
        message = spell("msg", id)
        return self.bytes_at(f"/api/v1/messages/{message}/attachments/{spell('att', file)}/content")

    def listed(self) -> set[UUID]:
        return {read("msg", one["id"]) for one in self.ask("GET", "/api/v1/messages")["data"]}

    def delete_message(self, id: UUID) -> None:
        self.ask("DELETE", f"/api/v1/messages/{spell('msg', id)}?forever=true")

    def write_draft(self) -> UUID:
        body = {"from": INBOX, "to": [ANN], "subject": "Draft", "text": "To come."}
        return read("drf", self.ask("POST", "/api/v1/drafts", body)["id"])

    def draft(self, id: UUID) -> str:
        return str(self.ask("GET", f"/api/v1/drafts/{spell('drf', id)}")["subject"])

    def delete_draft(self, id: UUID) -> None:
        self.ask("DELETE", f"/api/v1/drafts/{spell('drf', id)}")


class Kustomer(DoorClient):
    name = "kustomer"

    def upload(self, content: bytes, name: str) -> UUID:
        fields = {"name": name, "contentType": PDF, "contentLength": len(content)}
        made = self.ask("POST", "/v1/attachments", fields)
        upload = made["meta"]["upload"]
        url = urlsplit(upload["url"])
        self.post_form(f"{url.path}?{url.query}", content, name, **upload["fields"])
        return read_hex(made["data"]["id"])

    def file(self, id: UUID) -> Seen:
        found = self.ask("GET", f"/v1/attachments/{spell_hex(id)}")["data"]["attributes"]
        return found["name"], found["contentLength"]

    def file_bytes(self, id: UUID) -> bytes:
        found = self.ask("GET", f"/v1/attachments/{spell_hex(id)}")["data"]
        return self.bytes_at(found["links"]["related"])

    def customer(self) -> str:
        """The id of a customer with Ann's address."""
        try:
            return str(self.ask("GET", f"/v1/customers/email={ANN}")["data"]["id"])
        except Refused:
            made = self.ask("POST", "/v1/customers", {"emails": [{"email": ANN}]})
            return str(made["data"]["id"])

    def write_draft(self) -> UUID:
        body = {"channel": "email", "from": INBOX, "subject": "Draft", "body": "To come."}
        path = f"/v1/customers/{self.customer()}/drafts"
        return read_hex(self.ask("POST", path, body)["data"]["id"])

    def send_bytes(self, content: bytes, name: str) -> UUID:
        draft = f"/v1/drafts/{spell_hex(self.write_draft())}"
        fields = {"name": name, "contentType": PDF, "contentLength": len(content)}
        made = self.ask("POST", f"{draft}/attachments", fields)
        url = urlsplit(made["data"]["links"]["related"])
        put = self.api.generic("PUT", f"{url.path}?{url.query}", content, content_type=PDF)
        assert put.status_code == 200
        sent = self.ask("PUT", draft, {"sendAt": "2026-05-01T15:00:00.000Z"})["data"]
        return read_hex(sent["relationships"]["message"]["data"]["id"])

    def message(self, id: UUID) -> list[tuple[UUID, Seen]]:
        found = self.ask("GET", f"/v1/messages/{spell_hex(id)}")["data"]["attributes"]
        return [
            (read_hex(one["_id"]), (one["name"], one["contentLength"]))
            for one in found["attachments"]
        ]

    def listed(self) -> set[UUID]:
        found = self.ask("GET", f"/v1/customers/{self.customer()}/messages")["data"]
        return {read_hex(one["id"]) for one in found}

    def draft(self, id: UUID) -> str:
        return str(self.ask("GET", f"/v1/drafts/{spell_hex(id)}")["data"]["attributes"]["subject"])

    def delete_draft(self, id: UUID) -> None:
        self.ask("DELETE", f"/v1/drafts/{spell_hex(id)}")


class EmailApi(DoorClient):
    name = "emailapi"

    def upload(self, content: bytes, name: str) -> UUID:
        made = self.post_form("/api/email/attachments", content, name)
        return read("att", made["data"]["id"])

    def _file(self, id: UUID) -> Any:
        return self.ask("GET", f"/api/email/attachments/{spell('att', id)}")["data"]

    def file(self, id: UUID) -> Seen:
        found = self._file(id)
        return found["filename"], found["size"]

    def uses(self, id: UUID) -> list[UUID]:
        return [read("msg", one["messageId"]) for one in self._file(id)["usedIn"]]

    def files(self) -> tuple[set[UUID], int]:
        """All uploads, and how many the door says there are."""
        found = self.ask("GET", "/api/email/attachments?limit=100")["data"]
        ids = {read("att", one["id"]) for one in found["attachments"]}
        return ids, found["pagination"]["total"]

    def file_bytes(self, id: UUID) -> bytes:
        return self.bytes_at(f"/api/email/attachments/{spell('att', id)}/download")

    def delete_file(self, id: UUID) -> None:
        self.ask("DELETE", f"/api/email/attachments/{spell('att', id)}")

    def _send(self, entries: list[Any]) -> UUID:
        letter = {"from": INBOX, "to": ANN, "subject": "Email API", "text": "See it."}
        made = self.ask("POST", "/api/email/send", {**letter, "attachments": entries})
        return read("msg", made["data"]["messageId"])

    def send(self, *files: UUID) -> UUID:
        return self._send([{"id": spell("att", id)} for id in files])

    def send_bytes(self, content: bytes, name: str) -> UUID:
        text = b64encode(content).decode()
        return self._send([{"filename": name, "content": text, "contentType": PDF}])

    def message(self, id: UUID) -> list[tuple[UUID | None, Seen]]:
        found = self.ask("GET", f"/api/email/messages/{spell('msg', id)}")["data"]
        return [
            (read("att", one["id"]) if one["id"] else None, (one["filename"], one["size"]))
            for one in found["attachments"]
        ]


class AgentSend(DoorClient):
    name = "agentsend"

    def upload(self, content: bytes, name: str) -> UUID:
        return read("att", self.post_form("/attachments", content, name)["id"])

    def file(self, id: UUID) -> Seen:
        found = self.ask("GET", f"/attachments/{spell('att', id)}")
        return found["filename"], found["size"]

    def file_bytes(self, id: UUID) -> bytes:
        return self.bytes_at(self.ask("GET", f"/attachments/{spell('att', id)}")["url"])

    def delete_file(self, id: UUID) -> None:
        self.ask("DELETE", f"/attachments/{spell('att', id)}")

    def inbox(self) -> str:
        (found,) = self.ask("GET", "/inboxes")["data"]
        return str(found["id"])

    def send(self, *files: UUID) -> UUID:
        letter = {"to": [ANN], "subject": "AgentSend", "bodyText": "See it."}
        body = {**letter, "attachmentIds": [spell("att", id) for id in files]}
        return read("msg", self.ask("POST", f"/inboxes/{self.inbox()}/messages", body)["id"])

    def message(self, id: UUID) -> list[tuple[UUID, Seen]]:
        found = self.ask("GET", f"/messages/{spell('msg', id)}")
        return [
            (read("att", one["id"]), (one["filename"], one["size"])) for one in found["attachments"]
        ]

    def listed(self) -> set[UUID]:
        found = self.ask("GET", f"/inboxes/{self.inbox()}/messages")["data"]
        return {read("msg", one["id"]) for one in found}

    def put_away(self, id: UUID) -> None:
        """Delete a message, which here means that it goes to the trash."""
        self.ask("DELETE", f"/messages/{spell('msg', id)}")


class Nylas(DoorClient):
    name = "nylas"
    grant = f"/v3/grants/{INBOX}"

    def _letter(self, **more: Any) -> dict[str, Any]:
        return {"to": [{"email": ANN}], "subject": "Nylas", "body": "See it.", **more}

    def send_bytes(self, content: bytes, name: str) -> UUID:
        text = b64encode(content).decode()
        entry = {"filename": name, "content_type": PDF, "content": text}
        body = self._letter(attachments=[entry])
        return read_hex(self.ask("POST", f"{self.grant}/messages/send", body)["data"]["id"])

    def message(self, id: UUID) -> list[tuple[UUID, Seen]]:
        found = self.ask("GET", f"{self.grant}/messages/{spell_hex(id)}")["data"]
        return [
            (read_hex(one["id"]), (one["filename"], one["size"])) for one in found["attachments"]
        ]

    def message_bytes(self, id: UUID, file: UUID) -> bytes:
        where = f"{self.grant}/attachments/{spell_hex(file)}/download"
        return self.bytes_at(f"{where}?message_id={spell_hex(id)}")

    def listed(self) -> set[UUID]:
        return {read_hex(one["id"]) for one in self.ask("GET", f"{self.grant}/messages")["data"]}

    def delete_message(self, id: UUID) -> None:
        self.ask("DELETE", f"{self.grant}/messages/{spell_hex(id)}?hard_delete=true")

    def write_draft(self) -> UUID:
        made = self.ask("POST", f"{self.grant}/drafts", self._letter(subject="Draft"))
        return read_hex(made["data"]["id"])

    def draft(self, id: UUID) -> str:
        return str(self.ask("GET", f"{self.grant}/drafts/{spell_hex(id)}")["data"]["subject"])

    def delete_draft(self, id: UUID) -> None:
        self.ask("DELETE", f"{self.grant}/drafts/{spell_hex(id)}")


class Bird(DoorClient):
    name = "bird"

    def send_bytes(self, content: bytes, name: str) -> UUID:
        entry = {"filename": name, "content": b64encode(content).decode()}
        letter = {"from": INBOX, "to": [ANN], "subject": "Bird", "text": "See it."}
        body = {**letter, "attachments": [entry]}
        return read("em", self.ask("POST", "/v1/email/messages", body)["id"])

    def message(self, id: UUID) -> list[tuple[UUID, Seen]]:
        found = self.ask("GET", f"/v1/email/messages/{spell('em', id)}")
        return [
            (read("ea", one["id"]), (one["filename"], one["size"])) for one in found["attachments"]
        ]

    def message_bytes(self, id: UUID, file: UUID) -> bytes:
        message = spell("em", id)
        return self.bytes_at(f"/v1/email/messages/{message}/attachments/{spell('ea', file)}")

    def listed(self) -> set[UUID]:
        return {read("em", one["id"]) for one in self.ask("GET", "/v1/email/messages")["data"]}


CLIENTS: Final = {kind.name: kind for kind in (Native, Kustomer, EmailApi, AgentSend, Nylas, Bird)}


def who_can(verb: str) -> list[str]:
    """The doors that have a verb."""
    return [name for name, kind in CLIENTS.items() if hasattr(kind, verb)]
