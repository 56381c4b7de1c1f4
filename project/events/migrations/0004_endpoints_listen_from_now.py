from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def move_to_the_end(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Endpoints that were made when nobody called them are not told of years at once."""
    Endpoint = apps.get_model("events", "WebhookEndpoint")
    Event = apps.get_model("events", "Event")
    for id, workspace in Endpoint.objects.values_list("pk", "workspace"):
        log = Event.objects.filter(workspace=workspace)
        last = log.order_by("-transaction", "-position").first()
        if last is not None:
            Endpoint.objects.filter(pk=id).update(
                told_transaction=last.transaction, told_position=last.position
            )


class Migration(migrations.Migration):
    dependencies = [("events", "0003_webhook_deliveries")]

    operations = [migrations.RunPython(move_to_the_end, migrations.RunPython.noop)]
