from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("messaging", "0010_inbox_signature")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("trashed_at__isnull", True), ("unread", True)),
                fields=["inbox", "folder"],
                name="message_unread",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("done_at__isnull", True)),
                fields=["message"],
                name="delivery_open",
            ),
        ),
    ]
