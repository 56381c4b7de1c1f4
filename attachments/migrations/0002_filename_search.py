"""A trigram index for searching by any part of a file's name, on PostgreSQL.

SQLite has nothing like it and scans the names, which it does fast enough for its size.
"""

from django.db import migrations

CREATE = """
CREATE INDEX attachment_filename_trigrams
ON attachments_attachment USING gin (upper(filename) gin_trgm_ops)
"""


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX attachment_filename_trigrams")


class Migration(migrations.Migration):
    dependencies = [("attachments", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
