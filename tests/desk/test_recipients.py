"""Addresses as people write them: what the page takes, the server takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.models import Draft
from messaging.addresses import read_address
from project.desk.recipients import read_list, recipient_fields, spell_list
from tests.services.servers import absent

NODE = Path(sys.executable).parent / "node"
MODULE = Path(__file__).parents[2] / "static" / "js" / "addresses.js"
SCRIPT = f"""
import {{ readAddresses, spellAddress }} from {json.dumps(MODULE.as_uri())};
import {{ createInterface }} from "node:readline";
for await (const line of createInterface({{ input: process.stdin }})) {{
  const found = readAddresses(JSON.parse(line));
  const spelt = found.map((one) => (one.email ? spellAddress(one) : one.text)).join(", ");
  console.log(JSON.stringify({{ found, spelt }}));
}}
"""


class Reader:
    """The page's reader of addresses, in a process of Node."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [NODE, "--input-type=module", "--eval", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, text: str) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)


@pytest.fixture(scope="module")
def reader():
    if not NODE.exists():
        absent(f"no Node at {NODE}")
    reader = Reader()
    yield reader
    reader.close()


ANN, BOB = ("ann@example.com", "Ann Lee"), ("bob@example.com", None)


@pytest.mark.parametrize(
    "text, people",
    [
        ("ann@example.com", [("ann@example.com", None)]),
        ("Ann Lee <ann@example.com>", [ANN]),
        ("  Ann   Lee<ann@example.com>, bob@example.com  ", [ANN, BOB]),
        ("Ann Lee <ann@example.com>; bob@example.com;", [ANN, BOB]),
        ("Ann Lee <ann@example.com>\r\nbob@example.com\n\n", [ANN, BOB]),
        ("Ann Lee <ann@example.com>\tbob@example.com", [ANN, BOB]),
        ("Ann Lee <ann@example.com>,,; ,bob@example.com", [ANN, BOB]),
        ("ann@example.com bob@example.com", [("ann@example.com", None), BOB]),
        ('"Lee, Ann" <ann@example.com>, bob@example.com', [("ann@example.com", "Lee, Ann"), BOB]),
        ("Lee, Ann <ann@example.com>; bob@example.com", [("ann@example.com", "Lee, Ann"), BOB]),
        ('"The \\"A\\" Team" <ann@example.com>', [("ann@example.com", 'The "A" Team')]),
        ("'Ann Lee' <ann@example.com>", [ANN]),
        ("'bob@example.com'", [BOB]),
        ("bob@example.com <bob@example.com>", [BOB]),
        ("<bob@example.com>.", [BOB]),
        ("bob@example.com.", [BOB]),
        ("(bob@example.com)", [BOB]),
        ("\u200bbob@example.com\u00a0", [BOB]),
        ("mailto:bob@example.com?subject=Hi,%20Bob", [BOB]),
        ("mailto:ann@example.com,bob%40example.com", [("ann@example.com", None), BOB]),
        ("<mailto:bob@example.com>", [BOB]),
        ("bob@example.com，ann@example.com、", [BOB, ("ann@example.com", None)]),
        ('5" Ann <ann@example.com>, bob@example.com', [("ann@example.com", '5" Ann'), BOB]),
        ("jörg@bücher.example", [("jörg@bücher.example", None)]),
        ("李 <li@xn--bcher-kva.example>", [("li@xn--bcher-kva.example", "李")]),
        ("a.b+c%d@x-y.example.co", [("a.b+c%d@x-y.example.co", None)]),
        ("", []),
        (" ,;\n", []),
    ],
)
def test_it_takes_people_out_of_what_is_typed_and_pasted(reader, text, people):
    """40"""
    found = reader.read(text)["found"]
    assert [(one.get("email"), one.get("name")) for one in found] == people


@pytest.mark.parametrize(
    "text, reason",
    [
        ("nobody", "no @"),
        ("@example.com", "in front of the @"),
        ("ann@", "behind the @"),
        ("ann@localhost", "no ending"),
        ("ann@@example.com", "more than one @"),
        ("ann lee@example.com", "a space"),
        ("ann..lee@example.com", "a dot too many in front"),
        ("ann@example..com", "a dot too many behind"),
        ("ann@-example.com", "not the name of a server"),
        ("ann@example.c1", "not the name of a server"),
        ("ann@ab--cd.com", "not the name of a server"),
        ("ann@☃.com", "not the name of a server"),
        ("a\\b@example.com", "a character"),
        (f"{'a' * 65}@example.com", "too long"),
        (f"ann@{'a.' * 130}com", "too long"),
        (f"{'x' * 256} <ann@example.com>", "name is too long"),
        ("Ann <ann@example.com", "a space"),
        ("mailto:%E0%A4%A", "cannot be read"),
    ],
)
def test_it_says_in_plain_words_why_something_is_no_address(reader, text, reason):
    """41"""
    (found,) = reader.read(text)["found"]
    assert reason in found["reason"] and found["text"]


def test_what_is_wrong_in_a_long_list_stays_and_the_others_are_taken(reader):
    """40"""
    found = reader.read("ann@example.com, nobody, Bob <bob@example.com>; @x")["found"]
    assert [one.get("email") or one["text"] for one in found] == [
        "ann@example.com",
        "nobody",
        "bob@example.com",
        "@x",
    ]


ODD = st.text(alphabet="ab.@-+_<>\"',;:()\\ \n\tÄß李ا٣\u0301", max_size=40)
PARTS = st.one_of(
    ODD,
    st.text(max_size=20),
    st.emails(),
    st.builds("{}@{}".format, st.text(max_size=12), st.text(max_size=12)),
    st.builds("{} <{}@bücher.example>".format, ODD, st.text(max_size=8)),
)


@settings(max_examples=300)
@given(st.lists(PARTS, max_size=4).map(", ".join))
def test_what_the_page_takes_the_server_takes(reader, text):
    answer = reader.read(text)
    for one in answer["found"]:
        if "email" in one:
            read_address(one, field="to")
    people = [one for one in answer["found"] if "email" in one]
    again = reader.read(spell_list(people))["found"]
    assert again == people


@settings(max_examples=200)
@given(st.lists(st.tuples(st.emails(), st.text(alphabet='aB ,;"\\<>.', max_size=9)), max_size=4))
def test_a_row_of_people_is_taken_apart_as_it_was_written(pairs):
    people = [{"email": email, "name": name.strip() or None} for email, name in pairs]
    read = [read_address(one, field="to") for one in read_list(spell_list(people))]
    assert [one.name for one in read] == [one["name"] for one in people]
    assert [one.email for one in read] == [
        read_address(one["email"], field="to").email for one in people
    ]


def test_a_form_shows_cc_and_bcc_once_they_are_filled():
    draft = Draft(to=[], cc=[{"email": "ann@example.com", "name": "Lee, Ann"}])
    to, cc, bcc = recipient_fields(draft, problems={"to": "Nobody gets it."})
    assert (to.is_asked_for, cc.is_asked_for, bcc.is_asked_for) == (True, True, False)
    assert cc.text == '"Lee, Ann" <ann@example.com>'
    assert to.problem == "Nobody gets it."
    assert recipient_fields(draft, typed={"to": "nobody"})[0].text == "nobody"
