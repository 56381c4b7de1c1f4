"""What a visit to the settings gives."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

SETTINGS = "/mail/settings"


def text_of(answer: Any) -> str:
    """The words of a page's main part, without its marks."""
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def post(browser: Client, path: str, **fields: Any) -> Any:
    """Send a form and follow where it leads, with an address below the settings."""
    return browser.post(f"{SETTINGS}/{path}", fields, follow=True)


def field_in(answer: Any, name: str) -> str:
    """The tag of a form's field."""
    found = re.search(rf'<(?:input|select|textarea)[^>]*\bname="{name}"[^>]*>', answer.text)
    assert found, f"there is no field {name}"
    return found.group()


def errors_at(answer: Any, name: str) -> str:
    """What is said at a form's field; the field points to it, and the first has the focus."""
    found = re.search(rf'<ul class="errorlist" id="id_{name}_error">(.*?)</ul>', answer.text)
    assert found, f"nothing is wrong with {name}"
    return re.sub(r"<[^>]+>", "", found.group(1))
