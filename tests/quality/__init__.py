"""Tests of the source itself: style, types, the direction of imports, locks, migrations."""
