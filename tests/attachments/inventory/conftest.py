"""A storage of each test's own: what others leave behind would be orphans here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from attachments.inventory import inspection
from attachments.s3 import S3Storage
from attachments.storage import DiskStorage, attachment_storage


@pytest.fixture(autouse=True)
def storage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DiskStorage | S3Storage]:
    """The empty storage of this test, in which nothing takes a second to settle."""
    monkeypatch.setattr(inspection, "SETTLED_AFTER", timedelta())
    files = tmp_path / "files"
    options = {"location": files}
    backend = "attachments.storage.DiskStorage"
    if request.config.getoption("files") == "s3":
        options = {"bucket_name": request.getfixturevalue("swift").create_bucket()}
        backend = "attachments.s3.S3Storage"
    stores = {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "attachments": {"BACKEND": backend, "OPTIONS": options},
    }
    with override_settings(STORAGES=stores, FILES_DIR=files, DATA_DIR=tmp_path):
        yield attachment_storage()
