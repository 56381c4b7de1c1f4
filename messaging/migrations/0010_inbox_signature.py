from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("messaging", "0009_folder_newest"),
    ]

    operations = [
        migrations.AddField(
            model_name="inbox",
            name="signature",
            field=models.TextField(blank=True),
        ),
    ]
