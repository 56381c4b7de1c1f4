"""`make bench`: what the server costs, beside what the same work costs without one.

`python -m tests.bench` measures everything, `python -m tests.bench W1 W4` some rows. Server and
floors run in turns on the same machine, so ratios mean something where times do not.
"""
