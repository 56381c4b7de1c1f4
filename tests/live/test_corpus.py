"""The corpus by the whole road: SMTP in, read by a worker, every file out by the API."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.conftest import OpenOffice
from tests.live.road import Road, as_data
from tests.messaging.mime.corpus import cases, judge

pytestmark = pytest.mark.slow


def test_every_mail_is_accepted_and_every_file_comes_out_exactly(
    open_office: OpenOffice, note: Callable[[str], None]
) -> None:
    office = open_office()
    office.installation.start_mail()
    for crlf in (False, True):
        accepted, score, consensus = judge(Road(office).take(crlf=crlf), crlf=crlf)
        note(
            f"corpus by the whole road{' with CRLF' * crlf}: accepted {accepted}, exact "
            f"{score.exact}/{score.wanted}, by consensus {consensus.exact}/{consensus.wanted}"
        )
        assert accepted == len(cases()) == 302
        assert (score.exact, score.wanted, score.missed) == (113, 113, ())
        assert (consensus.exact >= 169, consensus.wanted) == (True, 176)


def test_the_client_changes_nothing_but_dots_at_the_start_of_a_line() -> None:
    assert as_data(b".a\r\n.\r\n..b\n.c\r.d\r\n") == b"..a\r\n..\r\n...b\n.c\r.d\r\n.\r\n"
    assert as_data(b"no end\n") == b"no end\n\r\n.\r\n"
    assert as_data(b"") == b".\r\n"
