from __future__ import annotations

import base64

import pytest

from attachments.errors import FileTooLarge, TooManyFiles, TotalTooLarge, TypeBlocked
from attachments.limits import MIB, Limits, MailSizes, encoded_size
from project.tenancy.models import Workspace


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 115, 1000, 19_456, 100_001])
def test_it_knows_the_size_in_a_mail(size):
    lines = base64.encodebytes(b"x" * size).replace(b"\n", b"\r\n")
    assert encoded_size(size) == len(lines)


def test_the_native_limits_are_the_designs_unless_the_workspace_says_otherwise():
    native = Limits.for_workspace(Workspace())
    assert (native.max_file_bytes, native.max_total_bytes) == (25 * MIB, 36 * MIB)
    own = Limits.for_workspace(Workspace(max_file_bytes=5, max_message_bytes=9))
    assert (own.max_file_bytes, own.max_total_bytes) == (5, 9)


def test_a_workspace_says_which_endings_it_blocks():
    assert Limits.for_workspace(Workspace()).blocked_extensions == frozenset()
    own = Limits.for_workspace(Workspace(blocked_extensions=[".EXE", "js"]))
    own.check_type(filename="exe.pdf", content_type="application/pdf")
    for filename in ("setup.exe", "app.JS"):
        with pytest.raises(TypeBlocked):
            own.check_type(filename=filename, content_type="application/pdf")


def test_a_file_of_the_limit_fits_into_a_message_of_the_limit():
    native = Limits.for_workspace(Workspace())
    assert encoded_size(native.max_file_bytes) < native.max_total_bytes - MIB


def mail_of(size: int) -> MailSizes:
    return MailSizes(files=[], bodies=0, as_sent=size)


def test_what_a_total_counts_is_the_doors_own_choice():
    sizes = MailSizes(files=[2, 3], bodies=4, as_sent=100)
    raw = Limits(
        max_file_bytes=9, max_total_bytes=8, max_files=9, total_of=lambda one: sum(one.files)
    )
    raw.check_total(sizes)
    with pytest.raises(TotalTooLarge) as refused:
        Limits(max_file_bytes=9, max_total_bytes=99, max_files=9).check_total(sizes)
    assert (refused.value.limit, refused.value.actual) == (99, 100)


def test_it_names_both_numbers():
    limits = Limits(max_file_bytes=3, max_total_bytes=4, max_files=2)
    limits.check_size(3)
    limits.check_total(mail_of(4))
    limits.check_count(2)
    for check, number, refusal in (
        (limits.check_size, 4, FileTooLarge),
        (lambda size, field: limits.check_total(mail_of(size), field=field), 5, TotalTooLarge),
        (limits.check_count, 3, TooManyFiles),
    ):
        with pytest.raises(refusal) as refused:
            check(number, field="here")
        assert (refused.value.limit, refused.value.actual) == (number - 1, number)
        assert refused.value.field == "here"


@pytest.mark.parametrize(
    ("filename", "content_type", "field"),
    [
        ("setup.EXE", "application/pdf", "filename"),
        ("setup.exe. ", "application/pdf", "filename"),
        ("a.pdf", "text/javascript; charset=utf-8", "content_type"),
    ],
)
def test_it_blocks_by_ending_and_by_type(filename, content_type, field):
    limits = Limits(
        max_file_bytes=1,
        max_total_bytes=1,
        max_files=1,
        blocked_types=frozenset({"text/javascript"}),
        blocked_extensions=frozenset({"exe"}),
    )
    limits.check_type(filename="exe.pdf", content_type="application/pdf")
    with pytest.raises(TypeBlocked) as refused:
        limits.check_type(filename=filename, content_type=content_type)
    assert refused.value.field == field


def test_it_takes_only_what_it_lists_if_it_lists_any():
    limits = Limits(
        max_file_bytes=1, max_total_bytes=1, max_files=1, allowed_types=frozenset({"image/png"})
    )
    limits.check_type(filename="a", content_type="image/png")
    with pytest.raises(TypeBlocked):
        limits.check_type(filename="a", content_type="image/gif")
