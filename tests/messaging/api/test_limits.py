from __future__ import annotations

from attachments.limits import encoded_size
from messaging.api.limits import EXAMPLE, decoded_size
from project.tenancy.models import Workspace
from tests.messaging.api.reach import V1
from tests.messaging.make import make_file, make_reservation
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


def test_it_says_what_is_used_of_the_room(alice: Person, charlie: Person, settings):
    settings.WORKSPACE_UPLOADS = 5
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_stored_bytes=1000)
    make_file(alice.workspace, b"ten bytes!")
    make_reservation(alice.workspace, size=100)
    ours = {"max_bytes": 1000, "used_bytes": 110, "max_uploads": 5, "uploads": 1}
    assert alice.api.get(f"{V1}/limits").json()["storage"] == ours
    settings.WORKSPACE_UPLOADS = 0
    none = {"max_bytes": None, "used_bytes": 0, "max_uploads": None, "uploads": 0}
    assert charlie.api.get(f"{V1}/limits").json()["storage"] == none
