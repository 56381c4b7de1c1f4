from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_enclosure_container")]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="provider_id",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("provider_id", ""), _negated=True),
                fields=["provider_id"],
                name="recipient_provider_id",
            ),
        ),
    ]
