"""OpenStack Swift as the S3 server: it verifies signatures, lengths and checksums for real."""

import getpass
import os
import subprocess
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
import pytest
from botocore.config import Config

from tests.services.servers import (
    LOOPBACK,
    Child,
    absent,
    accepts,
    announce,
    folder,
    free_port,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROGRAMS: Final = Path(__file__).parents[2] / ".venv-swift" / "bin"
KEY, SECRET, REGION = "AKTEST:u", "SKTEST", "us-east-1"
KINDS: Final = ("account", "container", "object")


@dataclass(frozen=True, kw_only=True)
class S3Server:
    """A server that speaks S3, and how to be let in."""

    endpoint: str
    key: str
    secret: str
    region: str

    def client(self) -> "S3Client":
        """Give boto3's client of this server."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name=self.region,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def create_bucket(self) -> str:
        """Make an empty bucket and give its name."""
        name = f"enclose-{uuid.uuid4().hex[:12]}"
        self.client().create_bucket(Bucket=name)
        return name

    def environment(self) -> dict[str, str]:
        """Give the variables by which boto3 finds this server; the bucket is not among them."""
        return {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_DEFAULT_REGION": self.region,
        }


SWIFT_CONF: Final = """
[swift-hash]
swift_hash_path_prefix = t
swift_hash_path_suffix = t
[storage-policy:0]
name = p0
default = yes
[swift-constraints]
max_file_size = 5368709122
min_segment_size = 1
"""

SERVER_CONF: Final = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {home}/etc
devices = {home}/devices
mount_check = false
log_name = {kind}
log_level = WARNING
"""

STORE_CONF: Final = """
recon_cache_path = {home}
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
fallocate_reserve = 0
"""

PROXY_CONF: Final = """
cors_allow_origin = *
cors_expose_headers = ETag
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck listing_formats s3api tempauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:tempauth]
use = egg:swift#tempauth
user_AKTEST_u = SKTEST .admin
reseller_prefix = AUTH
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
force_swift_request_proxy_log = false
cors_preflight_allow_origin = *
allow_multipart_uploads = true
check_bucket_owner = false
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:symlink]
use = egg:swift#symlink
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
"""  # noqa: E501

RING: Final = """
import sys
from swift.common.ring import RingBuilder
path, port = sys.argv[1], int(sys.argv[2])
ring = RingBuilder(4, 1, 0)
ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d1", "meta": "",
              "ip": "127.0.0.1", "port": port,
              "replication_ip": "127.0.0.1", "replication_port": port})
ring.rebalance()
ring.get_ring().save(path)
"""


def _write_configuration(home: Path, ports: dict[str, int]) -> None:
    etc = home / "etc"
    etc.mkdir()
    (home / "devices" / "d1").mkdir(parents=True)
    (etc / "swift.conf").write_text(SWIFT_CONF)
    for kind, port in ports.items():
        words = {"kind": kind, "port": port, "home": home, "user": getpass.getuser()}
        rest = PROXY_CONF if kind == "proxy" else STORE_CONF.format(**words)
        (etc / f"{kind}.conf").write_text(SERVER_CONF.format(**words).rstrip() + rest)
    rings = [
        subprocess.Popen(
            [PROGRAMS / "python", "-c", RING, etc / f"{kind}.ring.gz", str(ports[kind])]
        )
        for kind in KINDS
    ]
    if any(ring.wait() for ring in rings):
        raise RuntimeError("Swift's rings could not be built")


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/healthcheck", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def own_server() -> Iterator[tuple[S3Server, Path]]:
    """Run the four servers of a one-node Swift in a temp folder."""
    with folder("swift") as home, ExitStack() as stack:
        ports = {kind: free_port() for kind in (*KINDS, "proxy")}
        _write_configuration(home, ports)
        environment = {**os.environ, "SWIFT_DIR": str(home / "etc")}
        children = {}
        for kind in ports:
            command = [str(PROGRAMS / f"swift-{kind}-server"), str(home / "etc" / f"{kind}.conf")]
            log = home / f"{kind}.log"
            children[kind] = Child.start([*command, "-v"], log=log, environment=environment)
            stack.callback(children[kind].stop, timeout=5)
        for kind in KINDS:
            children[kind].wait_until(partial(accepts, ports[kind]), what=f"Swift's {kind}")
        children["proxy"].wait_until(lambda: _healthy(ports["proxy"]), what="Swift's proxy")
        endpoint = f"http://{LOOPBACK}:{ports['proxy']}"
        yield S3Server(endpoint=endpoint, key=KEY, secret=SECRET, region=REGION), home


def _version() -> str:
    command = [str(PROGRAMS / "python"), "-c", "import swift; print(swift.__version__)"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="session")
def swift(pytestconfig: pytest.Config) -> Iterator[S3Server]:
    """An S3 server. TEST_S3_ENDPOINT goes with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    if endpoint := os.environ.get("TEST_S3_ENDPOINT"):
        announce(pytestconfig, name="S3", version=endpoint, road="TEST_S3_ENDPOINT")
        yield S3Server(
            endpoint=endpoint,
            key=os.environ.get("AWS_ACCESS_KEY_ID", KEY),
            secret=os.environ.get("AWS_SECRET_ACCESS_KEY", SECRET),
            region=os.environ.get("AWS_DEFAULT_REGION", REGION),
        )
        return
    if not (PROGRAMS / "swift-proxy-server").exists():
        absent("no S3 server: set TEST_S3_ENDPOINT or make swift")
    with own_server() as (server, home):
        announce(pytestconfig, name="Swift", version=_version(), road=f"own, {home}")
        yield server


@pytest.fixture
def bucket(swift: S3Server) -> str:
    """The name of an empty bucket."""
    return swift.create_bucket()
