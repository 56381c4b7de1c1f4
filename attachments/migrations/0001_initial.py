import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import project.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenancy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=project.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("sha256", models.CharField(max_length=64)),
                ("size", models.PositiveBigIntegerField()),
                ("content_type", models.CharField(max_length=255)),
                (
                    "encoding",
                    models.CharField(
                        choices=[
                            ("7bit", "Seven Bit"),
                            ("8bit", "Eight Bit"),
                            ("binary", "Binary"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("sweep_at", models.DateTimeField(editable=False, null=True)),
                ("doomed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blobs",
                        to="tenancy.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=project.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("filename", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=255)),
                ("size", models.PositiveBigIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reserved", "Reserved"),
                            ("stored", "Stored"),
                            ("ready", "Ready"),
                            ("refused", "Refused"),
                            ("gone", "Gone"),
                        ],
                        default="reserved",
                        max_length=8,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=32)),
                ("reason", models.CharField(blank=True, max_length=255)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                ("stored_at", models.DateTimeField(blank=True, null=True)),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                ("look_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="tenancy.workspace",
                    ),
                ),
                (
                    "blob",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="attachments.blob",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="blob",
            index=models.Index(
                condition=models.Q(("sweep_at__isnull", False)),
                fields=["sweep_at"],
                name="blob_sweep",
            ),
        ),
        migrations.AddIndex(
            model_name="blob",
            index=models.Index(
                condition=models.Q(("doomed_at__isnull", False)),
                fields=["doomed_at"],
                name="blob_doomed",
            ),
        ),
        migrations.AddConstraint(
            model_name="blob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("doomed_at__isnull", True)),
                fields=("workspace", "sha256"),
                name="blob_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="blob",
            constraint=models.CheckConstraint(
                condition=models.Q(("encoding__in", ["7bit", "8bit", "binary"])),
                name="blob_encoding",
            ),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["workspace", "-id"],
                name="attachment_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False)),
                fields=["expires_at"],
                name="attachment_expiry",
            ),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)),
                fields=["look_at"],
                name="attachment_look",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["reserved", "stored", "ready", "refused", "gone"])
                ),
                name="attachment_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "ready"), _negated=True),
                    ("blob__isnull", False),
                    _connector="OR",
                ),
                name="attachment_ready_has_blob",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("reserved", "gone")), _negated=True),
                    ("blob__isnull", True),
                    _connector="OR",
                ),
                name="attachment_no_bytes_no_blob",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("blob__isnull", True), models.Q(("sha256", ""), _negated=True), _connector="OR"
                ),
                name="attachment_bytes_have_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "gone"), _negated=True),
                    models.Q(
                        ("gone_at__isnull", False), models.Q(("reason_code", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="attachment_gone_says_when_and_why",
            ),
        ),
    ]
