from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_stores_content"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="undo_seconds",
            field=models.PositiveSmallIntegerField(default=10),
        ),
        migrations.AddConstraint(
            model_name="workspace",
            constraint=models.CheckConstraint(
                condition=models.Q(("undo_seconds__gte", 5), ("undo_seconds__lte", 30)),
                name="workspace_undo_seconds",
            ),
        ),
    ]
