"""Workers, uploads and deletions at once: each blob is scanned once, and no file is forgotten"""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import BoundedSemaphore, Lock
from typing import Any

import pytest
from django.db import connection

from attachments.models import Attachment, Blob
from attachments.retention import delete_attachment
from attachments.scanning import queue
from attachments.scanning.queue import scan_due
from tests.attachments.make import make_attachment
from tests.attachments.scanning.fake import fake_clamd, hear_all

COUNT = 12


@pytest.mark.django_db(transaction=True)
def test_each_blob_is_scanned_once_and_no_file_is_forgotten(
    alice: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    asked: list[int] = []
    lock = Lock()

    def scan(line: socket.socket) -> None:
        hear_all(line)
        with lock:
            asked.append(1)
        line.sendall(b"stream: OK\0" if len(asked) % 2 else b"stream: Bad.Thing FOUND\0")

    def at_once(work: Callable[..., object], *given: object) -> None:
        with closing(connection):
            work(*given)

    def upload(number: int) -> Attachment:
        return make_attachment(alice.workspace, b"file %d" % number, filename=f"{number}.txt")

    monkeypatch.setattr(queue, "_seats", BoundedSemaphore(4))
    with fake_clamd(scan) as settings.CLAMD_URL, ThreadPoolExecutor(6) as pool:
        files = [upload(number) for number in range(COUNT)]
        tasks = [pool.submit(at_once, scan_due) for _ in range(4)]
        tasks += [pool.submit(at_once, upload, number) for number in range(COUNT)]
        tasks += [
            pool.submit(at_once, lambda file: delete_attachment(attachment=file), file)
            for file in files[::3]
        ]
        for task in tasks:
            task.result(timeout=60)
        scan_due()
    assert len(asked) == COUNT
    assert not Blob.objects.filter(verdict="unscanned").exists()
    assert not Attachment.objects.filter(state="stored").exists()
    assert Attachment.objects.count() == 2 * COUNT
    for file in Attachment.objects.exclude(state="gone").select_related("blob"):
        expected = "ready" if file.blob.verdict == "clean" else "refused"
        assert file.state == expected
