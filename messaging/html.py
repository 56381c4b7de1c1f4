"""HTML of strangers, made harmless."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import nh3

TAGS = nh3.ALLOWED_TAGS | {"center", "font", "u"}
LOOKS = frozenset({"align", "bgcolor", "border", "cellpadding", "cellspacing", "color", "dir"})
SIZES = frozenset({"colspan", "face", "height", "rowspan", "size", "style", "valign", "width"})
ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "*": set(LOOKS | SIZES | {"lang", "title"}),
    "blockquote": {"cite", "type"},
}
SCHEMES = {"cid", "http", "https", "mailto", "tel"}
#: what a style may say: how text looks, and nothing that fetches, moves or covers
STYLES = {
    *("background-color", "color", "direction", "text-align", "vertical-align", "white-space"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "line-height"),
    *("text-decoration", "text-indent", "text-transform", "letter-spacing", "list-style-type"),
    *("border", "border-bottom", "border-collapse", "border-color", "border-left", "border-right"),
    *("border-radius", "border-spacing", "border-style", "border-top", "border-width"),
    *("height", "max-width", "min-width", "width", "display"),
    *("margin", "margin-bottom", "margin-left", "margin-right", "margin-top"),
    *("padding", "padding-bottom", "padding-left", "padding-right", "padding-top"),
}
ABSOLUTE = re.compile(r"\s*[a-z]+:", re.IGNORECASE)
RULES: dict[str, Any] = {
    "tags": TAGS,
    "clean_content_tags": {"script", "style", "title"},
    "attributes": ATTRIBUTES,
    "url_schemes": SCHEMES,
    "filter_style_properties": STYLES,
    "link_rel": "noopener noreferrer",
}


def clean_html(document: str) -> str:
    """The document without anything that runs, fetches by style, or leaves its place."""
    return nh3.clean(document, **RULES)


def display_html(document: str, *, picture: Callable[[str], str | None]) -> str:
    """`clean_html` for a page: links open a new one, and pictures are where `picture` says.

    It is given what stands in the mail, and gives the address of the picture, or None for no
    picture at all. Addresses without a scheme would be ours, and are left out.
    """

    def settle(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) == ("img", "src"):
            return picture(value)
        return value if attribute != "href" or ABSOLUTE.match(value) else None

    return nh3.clean(
        document,
        **RULES,
        attribute_filter=settle,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
