import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0006_arrival")]

    operations = [
        migrations.AddField(
            model_name="messageattachment",
            name="container",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="contained",
                to="messaging.messageattachment",
            ),
        ),
    ]
