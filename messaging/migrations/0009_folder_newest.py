import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_recipient_provider_id")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["folder", "-id"], name="message_folder_newest"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("starred", True)),
                fields=["inbox", "-id"],
                name="message_starred",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="folder",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="messages",
                to="messaging.folder",
            ),
        ),
    ]
