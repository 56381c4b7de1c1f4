"""The one form of JSON that is signed."""

from __future__ import annotations

import pytest

from messaging.manifest.canonical import canonical


def test_keys_are_sorted_by_their_code_units():
    """The example of RFC 8785, section 3.2.3."""
    given = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert canonical(given).decode() == (
        '{"\\r":"Carriage Return","1":"One","\u0080":"Control",'
        '"\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign",'
        '"\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
    )


def test_strings_are_escaped_as_little_as_can_be():
    """The example of RFC 8785, section 3.2.2."""
    given = {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    assert canonical(given).decode() == (
        '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_nested_objects_are_sorted_too():
    assert canonical([{"b": {"d": 1, "c": -2}, "a": ()}]) == b'[{"a":[],"b":{"c":-2,"d":1}}]'


@pytest.mark.parametrize("value", [0.5, float("nan"), 2**53, {"a": [1e3]}, "\ud800", b"bytes"])
def test_what_languages_write_differently_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        canonical(value)
