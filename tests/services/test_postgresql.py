import psycopg
import pytest

from tests.services.postgresql import PostgreSQL


def test_it_makes_databases_that_know_nothing_of_each_other(postgresql):
    first, second = postgresql.create_database(), postgresql.create_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE letters (id int)")
    with psycopg.connect(second) as connection:
        (found,) = connection.execute("SELECT to_regclass('letters')").fetchone()
    assert found is None
    postgresql.drop_database(first)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first)


def test_it_keeps_commits_on_the_disk_when_asked(durable_postgresql):
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert durable_postgresql.ask(f"SHOW {setting}") == "on"


def test_it_understands_a_foreign_dsn():
    server = PostgreSQL(dsn="host=db user=al password=p/w dbname=x sslmode=require", road="")
    assert server.url("mail") == "postgres://al:p%2Fw@db:5432/mail?sslmode=require"
