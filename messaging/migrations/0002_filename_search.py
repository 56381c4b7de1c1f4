"""A trigram index for finding messages by any part of a file's name, on PostgreSQL.

SQLite has nothing like it and scans the names, which it does fast enough for its size.
"""

from django.db import migrations

CREATE = """
CREATE INDEX messaging_filename_trigrams
ON messaging_messageattachment USING gin (upper(filename) gin_trgm_ops)
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX messaging_filename_trigrams")


class Migration(migrations.Migration):
    dependencies = [("messaging", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
