"""Every customer's one mail address becomes the first of its addresses."""

from django.db import migrations

import project.ids


def copy(apps, schema_editor):
    Customer = apps.get_model("messaging", "Customer")
    CustomerAddress = apps.get_model("messaging", "CustomerAddress")
    known = Customer.objects.exclude(email="").values_list("pk", "workspace_id", "email")
    CustomerAddress.objects.bulk_create(
        (
            CustomerAddress(
                id=project.ids.new_id(),
                customer_id=id,
                workspace_id=workspace_id,
                kind="email",
                value=email,
            )
            for id, workspace_id, email in known.iterator()
        ),
        batch_size=1000,
    )


def copy_back(apps, schema_editor):
    Customer = apps.get_model("messaging", "Customer")
    CustomerAddress = apps.get_model("messaging", "CustomerAddress")
    rows = CustomerAddress.objects.filter(kind="email").order_by("-position", "-id")
    for id, email in rows.values_list("customer_id", "value").iterator():
        Customer.objects.filter(pk=id).update(email=email)


class Migration(migrations.Migration):
    dependencies = [("messaging", "0003_addresses_suppressions_annotations")]

    operations = [migrations.RunPython(copy, copy_back)]
