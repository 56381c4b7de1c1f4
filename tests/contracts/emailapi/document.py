"""The document's own requests and answers, as they stand in `examples/`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent / "examples"

#: how the document's placeholders are spelt
HOST: Final = "https://api.yourdomain.com"
KEY: Final = "YOUR_API_KEY"
SENDER: Final = "sender@example.com"
FILE: Final = "att_1234567890"
EMAIL: Final = "msg_abc123xyz"
BASE64: Final = "base64encodedcontent..."
CDN: Final = "https://cdn.yourdomain.com/attachments/att_1234567890.pdf"


def text_of(name: str, **changes: str) -> str:
    """An example, with its placeholders replaced."""
    text = (HERE / name).read_text()
    for placeholder, value in changes.items():
        assert globals()[placeholder] in text, placeholder
        text = text.replace(globals()[placeholder], value)
    return text


def json_of(name: str, **changes: str) -> Any:
    return json.loads(text_of(f"{name}.json", **changes))
