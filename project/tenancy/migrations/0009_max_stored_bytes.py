from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0008_post"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="max_stored_bytes",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
    ]
