"""What the OpenAPI description says of uploads beyond types and docstrings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from attachments.tus.serializers import ProgressOut

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`upl_…`")
EXPIRES = "Sat, 07 Feb 2026 09:00:00 GMT"


def header(name: str, meaning: str, *, type: Any = OpenApiTypes.STR, **more: Any) -> Any:
    """A header of the request."""
    return OpenApiParameter(name, type, OpenApiParameter.HEADER, description=meaning, **more)


def told(name: str, meaning: str, *statuses: int) -> Any:
    """A header of the answer."""
    return header(name, meaning, response=list(statuses))


VERSION = header("Tus-Resumable", "The version of the protocol.", required=True, enum=["1.0.0"])
CHECKSUM = header(
    "Upload-Checksum",
    "`sha1` or `sha256`, a blank and the digest of this body in base64; the body then counts as a "
    "whole or not at all (460).",
)


def progress(*statuses: int) -> list[Any]:
    """The headers of an answer that says how far an upload is."""
    return [
        told("Upload-Offset", "Bytes that are safe here.", *statuses),
        told("Upload-Expires", "When the upload is given up, unless more comes.", *statuses),
        told("Enclose-Attachment", "The file that it fills, `att_…`.", *statuses),
    ]


PIECE = {"application/offset+octet-stream": OpenApiTypes.BINARY}
STARTED = OpenApiExample(
    "Started",
    response_only=True,
    status_codes=["200", "201"],
    value={
        "id": "upl_01kagyx6vqeq7b0m4v1c2n8t5r",
        "offset": 0,
        "length": 26214400,
        "expires_at": "2026-02-07T09:00:00.000Z",
        "attachment": {
            "id": "att_01kagyx6vqeq7b0m4v1c2n8t5r",
            "filename": "film.mp4",
            "content_type": "video/mp4",
            "size": 26214400,
            "sha256": None,
            "state": "reserved",
            "reason": None,
            "created_at": "2026-01-31T09:00:00.000Z",
            "expires_at": "2026-02-07T09:00:00.000Z",
            "download_url": None,
            "upload": {
                "method": "PUT",
                "url": "https://mail.example.com/up/att_01kagyx6vqeq7b0m4v1c2n8t5r"
                "?expires=1769936400&length=26214400&signature=…",
                "headers": {},
                "expires_at": "2026-02-01T09:00:00.000Z",
            },
        },
    },
)
GONE = OpenApiResponse(description="The upload has expired, or the file is gone.")
REFUSED = {
    410: GONE,
    412: OpenApiResponse(description="Tus-Resumable is not 1.0.0; see Tus-Version."),
    423: OpenApiResponse(description="Another request is sending bytes; try again in a moment."),
    460: OpenApiResponse(description="The bytes do not have the given checksum."),
    503: OpenApiResponse(description="No room, or the storage does not answer."),
}

CREATE: dict[str, Any] = {
    "operation_id": "uploads_create",
    "request": PIECE,
    "responses": {
        201: OpenApiResponse(ProgressOut, description="Begun; `Location` takes the rest."),
        **REFUSED,
    },
    "parameters": [
        VERSION,
        header(
            "Upload-Length",
            "Bytes of the whole file.",
            type={"type": "integer", "minimum": 0},
            required=True,
        ),
        header(
            "Upload-Metadata",
            "Pairs of a key and a value in base64, separated by commas; `filename`, `filetype` and "
            "`sha256` (hex) are looked at.",
        ),
        CHECKSUM,
        told("Location", "Where to send the bytes.", 201),
        *progress(201),
    ],
    "examples": [STARTED],
}
RETRIEVE: dict[str, Any] = {
    "operation_id": "uploads_retrieve",
    "responses": {200: ProgressOut, 410: GONE},
    "parameters": [ID, told("Upload-Length", "Bytes of the whole file.", 200), *progress(200)],
    "examples": [STARTED],
}
APPEND: dict[str, Any] = {
    "operation_id": "uploads_append",
    "request": PIECE,
    "responses": {
        204: OpenApiResponse(description="Taken; `Upload-Offset` says how far."),
        **REFUSED,
    },
    "parameters": [
        ID,
        VERSION,
        header(
            "Upload-Offset",
            "Where in the file the body begins: where the last one ended (409).",
            type={"type": "integer", "minimum": 0},
            required=True,
        ),
        CHECKSUM,
        *progress(204),
    ],
}
DESTROY: dict[str, Any] = {
    "operation_id": "uploads_destroy",
    "responses": {204: None, 410: GONE, 412: REFUSED[412]},
    "parameters": [ID, VERSION],
}
