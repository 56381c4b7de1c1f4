from concurrent.futures import ThreadPoolExecutor
from tempfile import gettempdir

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, connections

from attachments.storage import attachment_storage
from project.tenancy.models import Workspace


def test_it_runs_on_the_database_of_the_option(db, pytestconfig):
    assert connection.vendor == pytestconfig.getoption("database")
    assert Workspace.objects.count() == 0


def test_it_keeps_files_where_the_option_says(pytestconfig):
    storage = attachment_storage()
    assert storage.takes_uploads is (pytestconfig.getoption("files") == "s3")
    name = storage.save("some/key", ContentFile(b"bytes"))
    with storage.open(name) as file:
        assert file.read() == b"bytes"
    storage.delete(name)


def test_it_writes_nothing_outside_the_folder_of_the_run():
    assert settings.DATA_DIR.parent.samefile(gettempdir())
    assert settings.FILES_DIR.is_relative_to(settings.DATA_DIR)


@pytest.mark.django_db(transaction=True)
def test_it_lets_several_threads_write():
    def write(number):
        try:
            for part in range(5):
                Workspace.objects.create(name=f"{number} {part}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(8)))
    assert Workspace.objects.count() == 40
