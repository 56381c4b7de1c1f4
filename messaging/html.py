"""HTML of strangers, made harmless."""

from __future__ import annotations

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


def clean_html(document: str) -> str:
    """The document without anything that runs, fetches by style, or leaves its place."""
    return nh3.clean(
        document,
        tags=TAGS,
        clean_content_tags={"script", "style", "title"},
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        filter_style_properties=STYLES,
        link_rel="noopener noreferrer",
    )
