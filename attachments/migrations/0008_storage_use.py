import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attachments", "0007_attachment_refused"),
        ("tenancy", "0009_max_stored_bytes"),
    ]

    operations = [
        migrations.CreateModel(
            name="StorageUse",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="storage_use",
                        serialize=False,
                        to="tenancy.workspace",
                    ),
                ),
                ("stored_bytes", models.PositiveBigIntegerField(default=0)),
                ("told_percent", models.PositiveSmallIntegerField(default=0, editable=False)),
            ],
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("state", "reserved")),
                fields=["workspace"],
                name="attachment_reserved",
            ),
        ),
    ]
