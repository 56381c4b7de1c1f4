"""Signatures under what people write."""

from __future__ import annotations

import pytest

from drafts.signatures import resigned_text, signature_html, signed_text


def test_no_signature_adds_nothing():
    assert (signed_text("Hi", ""), signature_html("")) == ("Hi", "")


def test_a_signature_in_html_is_text():
    assert signature_html("<b>Ann</b>\nAcme") == (
        '<div class="signature">-- <br>&lt;b&gt;Ann&lt;/b&gt;<br>Acme</div>'
    )


@pytest.mark.parametrize(
    ("text", "old", "new", "found"),
    [
        ("Hi\n\n-- \nAnn", "Ann", "Bo", "Hi\n\n-- \nBo"),
        ("Hi\n\n-- \nAnn\n\nOn Monday:\n> x", "Ann", "Bo", "Hi\n\n-- \nBo\n\nOn Monday:\n> x"),
        ("Hi\n\n-- \nAnn\n\nOn Monday:\n> x", "Ann", "", "Hi\n\nOn Monday:\n> x"),
        ("Hi\n\n-- \nAnna", "Ann", "Bo", "Hi\n\n-- \nAnna"),
        ("Hi\n\n-- \nAnn, touched", "Ann", "Bo", "Hi\n\n-- \nAnn, touched"),
        ("Ann", "Ann", "Bo", "Ann"),
        ("Hi", "", "Bo", "Hi"),
    ],
)
def test_another_signature_takes_the_place_of_one_that_is_as_it_was(text, old, new, found):
    assert resigned_text(text, old=old, new=new) == found
