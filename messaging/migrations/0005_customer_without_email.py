from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("messaging", "0004_customers_email_to_addresses")]

    operations = [migrations.RemoveField(model_name="customer", name="email")]
