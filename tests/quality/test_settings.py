import pytest
from cryptography.fernet import Fernet

from tests.quality.command import run

pytestmark = pytest.mark.quality


@pytest.fixture
def production(tmp_path):
    return {
        "DATA_DIR": str(tmp_path),
        "PUBLIC_URL": "https://mail.example.com",
        "DATABASE_URL": "postgres://enclose:secret@127.0.0.1:9/enclose",
        "CELERY_BROKER_URL": "amqp://127.0.0.1:9",
        "SECRET_KEY": "0123456789" * 6,
        "FIELD_KEYS": Fernet.generate_key().decode(),
        "MANIFEST_KEY": "0123456789" * 4 + "012=",
    }


def test_it_has_a_migration_for_every_model(tmp_path):
    result = run(
        "python", "manage.py", "makemigrations", "--check", environment={"DATA_DIR": str(tmp_path)}
    )
    assert result.returncode == 0, result.stdout


def test_it_is_fit_for_production(production):
    result = run(
        "python",
        "manage.py",
        "check",
        "--deploy",
        "--fail-level=WARNING",
        environment=production,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS", "MANIFEST_KEY"])
def test_it_has_no_secret_of_its_own_in_production(production, name):
    del production[name]
    result = run("python", "manage.py", "check", environment=production)
    assert result.returncode != 0
    assert f"{name} is required" in result.stdout


@pytest.mark.parametrize(
    ("name", "nonsense"),
    [
        ("PORT", "web"),
        ("PUBLIC_URL", "mail.example.com"),
        ("DEBUG", "perhaps"),
        ("WAIT_HOURS", "a day"),
        ("CLAMD_URL", "clamd.example.com:3310"),
        ("CLAMD_URL", "unix://"),
        ("SCAN_WAIT_SECONDS", "a while"),
        ("SCAN_WHEN_DOWN", "guess"),
        ("SCAN_UNSCANNABLE", "shrug"),
        ("WORKSPACE_QUOTA_BYTES", "much"),
        ("WORKSPACE_UPLOADS", "some"),
        ("SESSION_IDLE_HOURS", "a while"),
        ("CORS_ORIGINS", "*"),
        ("LOG_FORMAT", "poem"),
        ("MANIFEST_KEY", "dG9vIHNob3J0"),
        ("MANIFEST_OLD_KEYS", "no base64"),
        ("DATABASE_URL", "a database"),
        ("ACCEL_LOCATION", "enclose-files"),
        ("ANYMAIL_WEBHOOK_SECRET", "no colon"),
        ("ANYMAIL_REQUESTS_TIMEOUT", "soon"),
    ],
)
def test_it_refuses_nonsense_by_the_name_of_the_variable(production, name, nonsense):
    production[name] = nonsense
    result = run("python", "manage.py", "check", environment=production)
    assert result.returncode != 0
    assert name in result.stdout.strip().splitlines()[-1]


ASK_ANYMAIL = """
import django
django.setup()
from anymail.utils import get_anymail_setting
from django.urls import resolve
print(get_anymail_setting("api_key", esp_name="Mailgun"))
print(get_anymail_setting("ignore_unsupported_features", default=None))
print(get_anymail_setting("requests_timeout", default=30))
print(resolve("/anymail/mailgun/tracking/").view_name)
"""


def test_a_provider_is_set_up_by_the_environment(production):
    environment = {
        **production,
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "ANYMAIL_MAILGUN_API_KEY": "key-0123",
        "ANYMAIL_IGNORE_UNSUPPORTED_FEATURES": "False",
        "ANYMAIL_REQUESTS_TIMEOUT": "12.5",
        "ANYMAIL_WEBHOOK_SECRET": "provider:secret",
    }
    result = run("python", "-c", ASK_ANYMAIL, environment=environment)
    assert result.stdout.splitlines() == [
        "key-0123",
        "False",
        "12.5",
        "anymail:mailgun_tracking_webhook",
    ]
