from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0005_session_epoch"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="mfa_declined_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
