"""Every setting, read once from the environment.

A fresh checkout runs with none of them: SQLite, files on disk, the broker in a folder, all below
DATA_DIR. Nonsense in a variable raises ImproperlyConfigured with its name.
"""

import base64
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from project.api.reference import REFERENCE
from project.environment import Environment, read_key
from project.logs import logging_of

env = Environment()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).absolute()

# Address ----------------------------------------------------------------------------------------

BIND = env.str("BIND", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
MAIL_PORT = env.int("MAIL_PORT", default=2525)
PUBLIC_URL = env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")
if urlsplit(PUBLIC_URL).scheme not in ("http", "https") or not urlsplit(PUBLIC_URL).hostname:
    raise ImproperlyConfigured("PUBLIC_URL must begin with http:// or https:// and name a host.")
PUBLIC_HOST = str(urlsplit(PUBLIC_URL).hostname)
SECURE = PUBLIC_URL.startswith("https://")
LOCAL = PUBLIC_HOST in ("127.0.0.1", "localhost", "::1")

DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[PUBLIC_HOST, *(["127.0.0.1", "localhost", "[::1]"] if LOCAL else [])]
)

# Secrets ----------------------------------------------------------------------------------------


def development_secret(name: str, value: str) -> str:
    """A secret kept in DATA_DIR/secret, made at first use; only for a loopback address."""
    if not LOCAL:
        raise ImproperlyConfigured(f"{name} is required when PUBLIC_URL is not a loopback address.")
    folder = DATA_DIR / "secret"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name.lower()
    if not path.exists():
        fresh = folder / f".{name.lower()}.{os.getpid()}.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(value)
        try:
            os.link(fresh, path)  # fails if another process was first: theirs counts
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", default="") or development_secret(
    "SECRET_KEY", get_random_secret_key()
)
FIELD_KEYS = env.list("FIELD_KEYS", default=[]) or [
    development_secret("FIELD_KEYS", Fernet.generate_key().decode())
]

#: the seed that signs manifests (Ed25519), and the public keys of those that did so before it
MANIFEST_KEY = read_key(
    "MANIFEST_KEY",
    env.str("MANIFEST_KEY", default="")
    or development_secret("MANIFEST_KEY", base64.b64encode(secrets.token_bytes(32)).decode()),
)
MANIFEST_OLD_KEYS = [
    read_key("MANIFEST_OLD_KEYS", text) for text in env.list("MANIFEST_OLD_KEYS", default=[])
]

# The house --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "project.tenancy",
    "project.events",
    "attachments",
    "messaging",
    "drafts",
    "project.backoffice",
    "project.leaving",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "anymail",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_htmx",
    "project.backoffice.frame.Frame",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "project.logs.RequestLogMiddleware",
    "project.metrics.MetricsMiddleware",
    "project.cors.DoorCorsMiddleware",  # outside, so that errors carry the headers as well
    "project.middleware.DoorMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "project.sessions.IdleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "project.pages.csp_nonce",
            ],
        },
    },
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# Database ---------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # Promises rest on commits: FULL, so that a power cut undoes none of them.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA journal_size_limit=27103364;"
        "PRAGMA mmap_size=134217728;PRAGMA temp_store=MEMORY;"
    ),
}

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'enclose.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    DATABASES["default"]["CONN_MAX_AGE"] = None  # opening costs a third of a small request
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A server that hangs, or has gone without a word, is told from one that is slow: senders of
    # mail are answered in time, and no worker waits for ever.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 60_000,  # milliseconds
        **DATABASES["default"].get("OPTIONS", {}),
    }

# Files ------------------------------------------------------------------------------------------

FILES_BUCKET = env.str("FILES_BUCKET", default="")
FILES_DIR = DATA_DIR / "files"
#: the internal location at which nginx serves FILES_DIR; blank: this process sends the bytes
ACCEL_LOCATION = env.str("ACCEL_LOCATION", default="")
if ACCEL_LOCATION and (FILES_BUCKET or {ACCEL_LOCATION[0], ACCEL_LOCATION[-1]} != {"/"}):
    raise ImproperlyConfigured("ACCEL_LOCATION is a path such as /enclose-files/; no bucket.")

#: what a workspace may store that has no quota of its own, and how many of its files may be on
#: their way at once; 0: any number
WORKSPACE_QUOTA_BYTES = env.int("WORKSPACE_QUOTA_BYTES", default=0)
WORKSPACE_UPLOADS = env.int("WORKSPACE_UPLOADS", default=1000)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "attachments": (
        {"BACKEND": "attachments.s3.S3Storage", "OPTIONS": {"bucket_name": FILES_BUCKET}}
        if FILES_BUCKET
        else {"BACKEND": "attachments.storage.DiskStorage", "OPTIONS": {"location": FILES_DIR}}
    ),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
#: where npm puts what browsers get of others
BROWSER_LIBRARIES = BASE_DIR / "project" / "frontend" / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"lib/{package}", BROWSER_LIBRARIES / package / "dist")
        for package in ("dompurify", "squire-rte", "tus-js-client")
    ),
]
WHITENOISE_USE_FINDERS = DEBUG

# The caps on a body are the doors' own, in project.wsgi and the parsers.
DATA_UPLOAD_MAX_MEMORY_SIZE = 40 * 1024 * 1024  # a form's fields, without its files
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# Malware ----------------------------------------------------------------------------------------

#: where clamd listens; blank: files are not scanned
CLAMD_URL = env.server("CLAMD_URL")
#: how long files wait for a scanner that is down before SCAN_WHEN_DOWN says what becomes of them
SCAN_WAIT_SECONDS = env.float("SCAN_WAIT_SECONDS", default=300.0)
SCAN_WHEN_DOWN = env.choice("SCAN_WHEN_DOWN", ("hold", "release"), "hold")
SCAN_UNSCANNABLE = env.choice("SCAN_UNSCANNABLE", ("refuse", "release"), "refuse")

# DNS --------------------------------------------------------------------------------------------

#: the name server that is asked for the records of sender domains; None: those of the machine
DNS_SERVER = env.name_server("DNS_SERVER")

# Workers ----------------------------------------------------------------------------------------

BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
if CELERY_BROKER_URL.startswith("filesystem:"):
    for name in ("queue", "processed", "control"):
        (BROKER_DIR / name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "processed_folder": str(BROKER_DIR / "processed"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
elif CELERY_BROKER_URL.startswith(("amqp:", "amqps:")):
    CELERY_TASK_DEFAULT_QUEUE_TYPE = "quorum"
    CELERY_WORKER_DETECT_QUORUM_QUEUES = True
    CELERY_BROKER_TRANSPORT_OPTIONS = {"confirm_publish": True}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
# Without a retry, neither clock nor web ever sent anything again once the broker had restarted.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# Mail -------------------------------------------------------------------------------------------

SMTP_URL = env.str("SMTP_URL", default="")
#: not Django's own EMAIL_BACKEND: this one carries the mail of inboxes
PROVIDER_BACKEND = env.str("EMAIL_BACKEND", default="")
#: what Anymail is to know of a provider: ANYMAIL_MAILGUN_API_KEY is its MAILGUN_API_KEY, and so on
ANYMAIL: dict[str, object] = {
    name.removeprefix("ANYMAIL_"): {"true": True, "false": False}.get(text.lower(), text)
    for name, text in os.environ.items()
    if name.startswith("ANYMAIL_") and text
}
if "REQUESTS_TIMEOUT" in ANYMAIL:
    ANYMAIL["REQUESTS_TIMEOUT"] = env.float("ANYMAIL_REQUESTS_TIMEOUT")
if ":" not in str(ANYMAIL.get("WEBHOOK_SECRET", ":")):
    raise ImproperlyConfigured("ANYMAIL_WEBHOOK_SECRET is given as user:password.")
MAIL_DOMAINS = env.list("MAIL_DOMAINS", default=["acme.test"] if LOCAL else [])
#: how the door for mail calls itself, and the certificate with which it offers STARTTLS
MAIL_HOSTNAME = env.str("MAIL_HOSTNAME", default=PUBLIC_HOST)
MAIL_TLS_CERTIFICATE = env.str("MAIL_TLS_CERTIFICATE", default="")
MAIL_TLS_KEY = env.str("MAIL_TLS_KEY", default="")
WAIT_HOURS = env.float("WAIT_HOURS", default=24.0)

# What the installation itself writes to its people (a new password): the same way out, or the log.
RELAY = urlsplit(SMTP_URL)
EMAIL_BACKEND = PROVIDER_BACKEND or (
    f"django.core.mail.backends.{'smtp' if SMTP_URL else 'console'}.EmailBackend"
)
EMAIL_HOST = RELAY.hostname or "localhost"
EMAIL_PORT = RELAY.port or {"smtps": 465, "smtp+starttls": 587}.get(RELAY.scheme, 25)
EMAIL_HOST_USER = unquote(RELAY.username or "")
EMAIL_HOST_PASSWORD = unquote(RELAY.password or "")
EMAIL_USE_SSL = RELAY.scheme == "smtps"
EMAIL_USE_TLS = RELAY.scheme == "smtp+starttls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = f"enclose@{[*MAIL_DOMAINS, PUBLIC_HOST][0]}"

# People -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenancy.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "project.pages.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # else anybody could have us write to anybody
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# API ---------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "project.api.authentication.KeyAuthentication",
        "project.api.authentication.PersonAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["project.api.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["project.api.throttling.CallerThrottle"],
    "DEFAULT_PARSER_CLASSES": ["project.api.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": [
        "project.api.renderers.JSONRenderer",
        "project.api.browsable.BrowsableAPIRenderer",
    ],
    "DEFAULT_SCHEMA_CLASS": "project.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "project.api.errors.answer_refusal",
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

# Webhooks ----------------------------------------------------------------------------------------

#: the doors at which webhooks are made -> in which words theirs are told
WEBHOOK_DIALECTS = {
    "native": "project.api.webhooks.dialect.NativeDialect",
    "agentsend": "project.contracts.agentsend.notifications.AgentSendDialect",
    "nylas": "project.contracts.nylas.notifications.NylasDialect",
    "bird": "project.contracts.bird.notifications.BirdDialect",
}
#: whether http:// to this machine is called; anything else that is not public never is
WEBHOOKS_TO_LOOPBACK = env.bool("WEBHOOKS_TO_LOOPBACK", default=False)

# The rates that vendors allow bind at their doors only; 0: none.
KUSTOMER_DRAFTS_PER_MINUTE = env.int("KUSTOMER_DRAFTS_PER_MINUTE", default=120)
AGENTSEND_REQUESTS_PER_MINUTE = env.int("AGENTSEND_REQUESTS_PER_MINUTE", default=100)
AGENTSEND_SENDS_PER_DAY = env.int("AGENTSEND_SENDS_PER_DAY", default=500)
NYLAS_JSON_SENDS_PER_SECOND = env.int("NYLAS_JSON_SENDS_PER_SECOND", default=200)
NYLAS_MULTIPART_SENDS_PER_SECOND = env.int("NYLAS_MULTIPART_SENDS_PER_SECOND", default=10)
BIRD_REFUSES_RESERVED_DOMAINS = env.bool("BIRD_REFUSES_RESERVED_DOMAINS", default=False)

SPECTACULAR_SETTINGS = REFERENCE

# Security ---------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600  # from signing in, used or not
#: how long people stay signed in who do nothing; 0: until then
SESSION_IDLE_HOURS = env.float("SESSION_IDLE_HOURS", default=12.0)
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE  # pages alone: see project.middleware
SECURE_REDIRECT_EXEMPT = ["^livez$", "^readyz$"]  # machines of the house ask, and get no secret
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# Browser clients of other origins: keys only, never a session's cookie.
CORS_ALLOWED_ORIGINS = env.origins("CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = False
CORS_PREFLIGHT_MAX_AGE = 3600
CORS_ALLOW_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "if-range",
    "range",
    "x-api-key",
    "x-request-id",
    "x-requested-with",
    *("tus-resumable", "upload-length", "upload-metadata", "upload-offset", "upload-checksum"),
    "x-http-method-override",
    *("bird-caller", "bird-surface", "bird-version"),  # its client library sends them
]
CORS_EXPOSE_HEADERS = [
    "Accept-Ranges",
    "Allow",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Idempotency-Replay",
    "Idempotent-Response",
    "Location",
    "Retry-After",
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm"),
    *("Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires", "Enclose-Attachment"),
    "X-Request-Id",
]

# Caches, logs, numbers --------------------------------------------------------------------------

CACHES = {"default": env.cache("CACHE_URL", default="locmemcache://")}
LOGGING = logging_of(form=env.choice("LOG_FORMAT", ("json", "text"), "text" if LOCAL else "json"))
#: who may read /metrics; blank: nobody
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
