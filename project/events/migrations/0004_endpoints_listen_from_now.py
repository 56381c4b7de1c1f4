from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def move_to_the_end(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Endpoints that were made when nobody called them are not told of years at once."""
    Endpoint = apps.get_model("events", "WebhookEndpoint")
    Event = apps.get_model("events", "Event")
    for endpoint in Endpoint.objects.all():
        log = Event.objects.filter(workspace=endpoint.workspace_id)
        last = log.order_by("-transaction", "-position").first()
        if last is not None:
            endpoint.told_transaction = last.transaction
            endpoint.told_position = last.position
            endpoint.save()


class Migration(migrations.Migration):
    dependencies = [("events", "0003_webhook_deliveries")]

    operations = [migrations.RunPython(move_to_the_end, migrations.RunPython.noop)]
