"""Settings of a test run: the project's own, over a data folder that goes away with the run.

The environment of who runs the tests must not decide what they test: each run begins on SQLite and
disk, and the options of tests/conftest.py put real servers in.
"""

import atexit
import os
import shutil
import tempfile

DECIDED_HERE = (
    "ALLOWED_HOSTS",
    "AWS_ENDPOINT_URL_S3",
    "BIND",
    "CACHE_URL",
    "CELERY_BROKER_URL",
    "CLAMD_URL",
    "CORS_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_BACKEND",
    "FIELD_KEYS",
    "FILES_BUCKET",
    "LOG_FORMAT",
    "MAIL_DOMAINS",
    "MAIL_HOSTNAME",
    "MAIL_PORT",
    "MAIL_TLS_CERTIFICATE",
    "MAIL_TLS_KEY",
    "MANIFEST_KEY",
    "MANIFEST_OLD_KEYS",
    "METRICS_TOKEN",
    "PORT",
    "PUBLIC_URL",
    "SCAN_UNSCANNABLE",
    "SCAN_WAIT_SECONDS",
    "SCAN_WHEN_DOWN",
    "SECRET_KEY",
    "SMTP_URL",
    "WAIT_HOURS",
    "WEBHOOKS_TO_LOOPBACK",
)
for name in (*DECIDED_HERE, *(name for name in os.environ if name.startswith("ANYMAIL_"))):
    os.environ.pop(name, None)
os.environ["MAIL_PORT"] = "1"  # nobody's: no test may reach a door that somebody else has open
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="enclose-tests-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
os.environ["CELERY_BROKER_URL"] = "memory://localhost"

from project.settings import *  # noqa: E402, F403
from project.settings import DATA_DIR, DATABASES, STORAGES  # noqa: E402

# A file, not memory: tests have several threads and processes on it.
DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT = DATA_DIR / "staticfiles"  # finders serve in tests; whitenoise wants the folder there
STATIC_ROOT.mkdir()
