"""Files in an S3 bucket. A module of its own, because boto3 takes its time to load."""

from __future__ import annotations

import io
import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property, partial
from hashlib import file_digest, md5, sha256
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.utils.http import content_disposition_header
from storages.backends import s3  # type: ignore[import-untyped]

from attachments.errors import StorageUnavailable
from attachments.storage import ObjectChanged, StoredObject

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from attachments.incoming import Incoming

NOT_THERE = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}

# A store that hangs costs whoever waits for it CONNECT_SECONDS or SILENCE_SECONDS at most,
# ATTEMPTS times, and a few seconds in between: less than clients and mail servers wait.
CONNECT_SECONDS = 5
SILENCE_SECONDS = 15
ATTEMPTS = 3


@contextmanager
def plain_errors(key: str) -> Iterator[None]:
    """Turn S3's "not there" into FileNotFoundError and its failures into StorageUnavailable."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in NOT_THERE:
            raise FileNotFoundError(key) from error
        if code in ("412", "PreconditionFailed", "InvalidPart"):
            raise ObjectChanged(key) from error
        raise StorageUnavailable from error
    except BotoCoreError as error:
        raise StorageUnavailable from error


class S3Storage(s3.S3Storage):  # type: ignore[misc]
    """A bucket, spoken to with SigV4 through one client per process."""

    #: whether clients can put bytes into the storage without us
    takes_uploads = True
    #: the least that S3 allows a part of a multipart upload to have, but for the last
    part_bytes = 5 * 1024 * 1024

    @cached_property
    def client(self) -> S3Client:
        custom = self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3")
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if custom else "auto"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=32,
            # Our own SHA-256 goes with every put; stores other than Amazon's do not know the
            # checksums that boto3 would add.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        client: S3Client = self._create_session().client(
            "s3",
            region_name=self.region_name,
            use_ssl=self.use_ssl,
            endpoint_url=self.endpoint_url,
            verify=self.verify,
            config=config,
        )
        return client

    def upload_url(self, key: str, *, length: int, ttl: timedelta) -> str | None:
        """The length is signed and the type is not: `curl --upload-file` sends none."""
        return self.client.generate_presigned_url(
            "put_object",
            Params={"Bucket": self.bucket_name, "Key": key, "ContentLength": length},
            ExpiresIn=int(ttl.total_seconds()),
        )

    def download_url(
        self, key: str, *, name: str, type: str, disposition: str, ttl: timedelta
    ) -> str | None:
        """About 2 ms of signing: not for lists."""
        return self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket_name,
                "Key": key,
                "ResponseContentType": type,
                "ResponseContentDisposition": content_disposition_header(
                    disposition == "attachment", name
                )
                or disposition,
            },
            ExpiresIn=int(ttl.total_seconds()),
        )

    def copy(self, source: str, target: str, *, etag: str) -> None:
        """Copy within the bucket; raises ObjectChanged when `source` is not of that ETag."""
        with plain_errors(source):
            self.client.copy_object(
                Bucket=self.bucket_name,
                Key=target,
                CopySource={"Bucket": self.bucket_name, "Key": source},
                CopySourceIfMatch=etag,
            )

    def start_parts(self, key: str) -> str:
        """Begin a multipart upload; give S3's name for it."""
        with plain_errors(key):
            return self.client.create_multipart_upload(
                Bucket=self.bucket_name, Key=key, ContentType="application/octet-stream"
            )["UploadId"]

    def put_part(self, key: str, id: str, *, number: int, content: Incoming) -> str:
        """Store a part, of which the first has the number 1; give its ETag."""
        with plain_errors(key), _body(content) as body:
            digest = file_digest(body, partial(md5, usedforsecurity=False)).digest()
            body.seek(0)
            return self.client.upload_part(
                Bucket=self.bucket_name,
                Key=key,
                UploadId=id,
                PartNumber=number,
                Body=body,
                ContentLength=content.size,
                ContentMD5=b64encode(digest).decode(),
            )["ETag"]

    def join_parts(self, key: str, id: str, etags: Sequence[str]) -> None:
        """Make parts one object; raises ObjectChanged when one is not of its ETag."""
        parts: list[CompletedPartTypeDef] = [
            {"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)
        ]
        with plain_errors(key):
            self.client.complete_multipart_upload(
                Bucket=self.bucket_name, Key=key, UploadId=id, MultipartUpload={"Parts": parts}
            )

    def drop_parts(self, key: str) -> None:
        """Remove what lies here of multipart uploads for `key`, and objects at `key.…`."""
        with plain_errors(key):
            uploads = self.client.list_multipart_uploads(Bucket=self.bucket_name, Prefix=key)
            for upload in uploads.get("Uploads", ()):
                self.client.abort_multipart_upload(
                    Bucket=self.bucket_name, Key=upload["Key"], UploadId=upload["UploadId"]
                )
            beside = self.client.list_objects_v2(Bucket=self.bucket_name, Prefix=f"{key}.")
            for found in beside.get("Contents", ()):
                self.client.delete_object(Bucket=self.bucket_name, Key=found["Key"])

    def walk(self, *, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        """What lies here, in the order of keys; those that begin so, and come after that one."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket_name, Prefix=prefix, StartAfter=after
        )
        with plain_errors(prefix):
            for page in pages:
                for found in page.get("Contents", ()):
                    yield StoredObject(found["Key"], found["Size"], found["LastModified"])

    def walk_parts(self) -> Iterator[StoredObject]:
        """The multipart uploads that nobody has ended, by their keys; `drop_parts` ends them."""
        pages = self.client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self.bucket_name
        )
        with plain_errors(""):
            for page in pages:
                for found in page.get("Uploads", ()):
                    yield StoredObject(found["Key"], 0, found["Initiated"])

    def size(self, name: str) -> int:
        with plain_errors(name):
            return self.client.head_object(Bucket=self.bucket_name, Key=name)["ContentLength"]

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def delete(self, name: str) -> None:
        with plain_errors(name):
            self.client.delete_object(Bucket=self.bucket_name, Key=name)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # no two blobs have the same key

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        return File(cast("IO[bytes]", S3Reader(self.client, self.bucket_name, name)), name)

    def _save(self, name: str, content: Any) -> str:
        size, digest = _measured(content)
        with plain_errors(name), _body(content) as body:
            self.client.put_object(
                Bucket=self.bucket_name,
                Key=name,
                Body=body,
                ContentLength=size,
                ContentType="application/octet-stream",
                ChecksumSHA256=b64encode(digest).decode(),
            )
        return name


def _measured(content: Any) -> tuple[int, bytes]:
    """The size and the digest of an Incoming, which knows them, or of any other file."""
    if hasattr(content, "sha256"):
        return content.size, bytes.fromhex(content.sha256)
    digest, size = sha256(), 0
    for chunk in content.chunks():
        digest.update(chunk)
        size += len(chunk)
    return size, digest.digest()


@contextmanager
def _body(content: Any) -> Iterator[Any]:
    if hasattr(content, "temporary_file_path"):
        with open(content.temporary_file_path(), "rb") as file:  # noqa: PTH123
            yield file
    else:
        content.seek(0)
        yield content


class S3Reader(io.RawIOBase):
    """One object, read as it streams in; seeking asks for the rest anew.

    `etag` is that of the bytes that are read: a later request for another version of the object
    raises ObjectChanged. Raises FileNotFoundError at once when there is no such object.
    """

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._place = 0
        with plain_errors(key):
            answer = client.get_object(Bucket=bucket, Key=key)
        self._body = answer["Body"]
        self.etag = answer["ETag"]
        self.size = answer["ContentLength"]

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.size}[whence]
        place = max(0, start + offset)
        if place != self._place:
            self._place = place
            self._body.close()
            self._reopen()
        return place

    def _reopen(self) -> None:
        if self._place >= self.size:
            return
        with plain_errors(self._key):
            self._body = self._client.get_object(
                Bucket=self._bucket,
                Key=self._key,
                Range=f"bytes={self._place}-",
                IfMatch=self.etag,
            )["Body"]

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self._place >= self.size:
            return 0
        with plain_errors(self._key):
            block = self._body.read(len(view))
        view[: len(block)] = block
        self._place += len(block)
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()
