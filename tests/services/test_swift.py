import base64
import hashlib

import pytest
import requests
from botocore.exceptions import ClientError

BYTES = b"the bytes in are the bytes out" * 1000
SHA256 = base64.b64encode(hashlib.sha256(BYTES).digest()).decode()


def test_it_gives_back_what_was_put(swift, bucket):
    client = swift.client()
    client.put_object(Bucket=bucket, Key="a/b", Body=BYTES, ChecksumSHA256=SHA256)
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == BYTES


def test_it_refuses_a_wrong_checksum(swift, bucket):
    with pytest.raises(ClientError, match="BadDigest|InvalidRequest|XAmzContentSHA256Mismatch"):
        swift.client().put_object(Bucket=bucket, Key="a", Body=b"else", ChecksumSHA256=SHA256)


def test_it_holds_a_browser_to_what_was_signed(swift, bucket):
    url = swift.client().generate_presigned_url(
        "put_object", {"Bucket": bucket, "Key": "a", "ContentLength": len(BYTES)}, ExpiresIn=60
    )
    assert requests.put(url, BYTES[1:], timeout=10).status_code in (400, 403)
    assert requests.put(url.replace("/a?", "/b?"), BYTES, timeout=10).status_code == 403
    assert requests.put(url, BYTES, timeout=10).status_code == 200
    assert requests.get(url, timeout=10).status_code == 403
