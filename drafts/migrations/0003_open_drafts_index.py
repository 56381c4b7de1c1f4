from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0002_annotations"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="draft",
            index=models.Index(
                condition=models.Q(("message__isnull", True)),
                fields=["inbox", "-updated_at", "-id"],
                name="draft_open_newest",
            ),
        ),
    ]
