from __future__ import annotations

from attachments.limits import encoded_size
from messaging.api.limits import EXAMPLE, decoded_size
from project.tenancy.models import Workspace
from tests.messaging.api.reach import V1
from tests.people import Person

MIB = 1024 * 1024


def test_it_says_every_limit(alice: Person):
    limits = alice.api.get(f"{V1}/limits").json()
    assert limits == EXAMPLE.value
    assert limits["file"]["max_bytes"] == 25 * MIB
    assert limits["file"]["max_encoded_bytes"] == encoded_size(25 * MIB)
    assert limits["message"]["max_encoded_bytes"] == 36 * MIB
    assert limits["request"]["max_json_bytes"] == 40 * MIB
    assert limits["seconds"]["download_url"] == 3600


def test_it_says_those_of_the_workspace(alice: Person, bob: Person, charlie: Person):
    Workspace.objects.filter(pk=alice.workspace.pk).update(
        max_file_bytes=40 * MIB,
        max_message_bytes=60 * MIB,
        blocked_extensions=["js", "Exe"],
        undo_seconds=5,
    )
    limits = bob.api.get(f"{V1}/limits").json()
    assert limits["file"]["blocked_extensions"] == ["exe", "js"]
    assert limits["file"]["max_bytes"] == 40 * MIB
    assert limits["message"]["max_encoded_bytes"] == 60 * MIB
    assert limits["message"]["undo_seconds"] == 5
    others = charlie.api.get(f"{V1}/limits").json()["file"]
    assert (others["max_bytes"], others["blocked_extensions"]) == (25 * MIB, [])


def test_what_fits_decoded_fits_encoded():
    for limit in (78, 1000, 36 * MIB):
        assert encoded_size(decoded_size(limit)) <= limit < encoded_size(decoded_size(limit) + 58)
