"""What tests of the desk do with an installation and a browser, beside clicking."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email.message import EmailMessage
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import BrowserContext, CDPSession, Page, Request

from tests.installation import ROOT, Installation
from tests.services.servers import absent, wait_until

AXE = ROOT / "tests" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

_numbers = count(1)


class Maker:
    """A process that makes people in the database of an installation: see `maker`."""

    def __init__(self, installation: Installation) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.browser.desk.maker"],
            cwd=ROOT,
            env={**installation.environment, "DJANGO_SETTINGS_MODULE": "project.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def make(self, what: str, **words: Any) -> Any:
        """Call a function of `maker`."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"make": what, **words}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the maker has ended"
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)


class Desk:
    """A workspace with its people on a live installation."""

    def __init__(self, installation: Installation, facts: dict[str, Any]) -> None:
        self.installation = installation
        self.url = installation.url
        self.inbox: str = facts["inbox"]
        self.address: str = facts["address"]
        self.key: str = facts["key"]
        self.workspace: str = facts["workspace"]
        self.people: dict[str, dict[str, str]] = facts["people"]
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {self.key}"

    def sign_in(self, context: BrowserContext, who: str = "alice") -> None:
        """Let the pages of a context be those of somebody who is signed in."""
        session = self.people[who]["session"]
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.url}])

    def undo_within(self, seconds: int) -> None:
        """Let what is sent leave after this time, for tests that wait for that."""
        self.installation.change(
            f"update tenancy_workspace set undo_seconds = {seconds} where id = '{self.workspace}'"
        )

    def api(self, method: str, path: str, **words: Any) -> Any:
        """Ask the native API with a key that may do everything; give the JSON."""
        answer = self._session.request(method, f"{self.url}/api/v1{path}", timeout=30, **words)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def receive(self, raw: bytes) -> dict[str, Any]:
        """Have a mail come in; give its message once it has been read."""
        return self.read(self.hand_in(raw))

    def receive_all(self, *subjects: str) -> None:
        """Have as many plain mails come in, which are read in one go."""
        for arrival in [self.hand_in(self.letter(subject=subject)) for subject in subjects]:
            self.read(arrival)

    def hand_in(self, raw: bytes) -> str:
        """Have a mail come in, unread as yet; give its arrival."""
        headers = {"Content-Type": "message/rfc822"}
        return str(self.api("POST", f"/inboxes/{self.inbox}/raw", data=raw, headers=headers)["id"])

    def read(self, arrival: str) -> dict[str, Any]:
        """The message of an arrival, once it has been read."""

        def message() -> dict[str, Any] | None:
            found: dict[str, Any] | None = self.api("GET", f"/arrivals/{arrival}").get("message")
            return found

        found = wait_until(message, what="a mail that has been read", pause=0.05)
        assert found
        return found

    def receive_from(
        self, sender: str = "Ann Lee <ann@example.com>", **words: Any
    ) -> dict[str, Any]:
        """Have a plain mail come in; `words` are those of `letter`."""
        return self.receive(self.letter(sender, **words))

    def letter(
        self,
        sender: str = "Ann Lee <ann@example.com>",
        *,
        subject: str = "Hello",
        text: str = "Here I am.\n",
        html: str = "",
        files: Sequence[tuple[str, str, bytes]] = (),
    ) -> bytes:
        """A plain mail to the inbox; a file is (name, type, bytes)."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = sender, self.address, subject
        mail["Message-ID"] = f"<{next(_numbers)}.{self.workspace}@example.com>"
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        for name, content_type, content in files:
            main, _, sub = content_type.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        return mail.as_bytes()

    def drafts(self) -> list[dict[str, Any]]:
        """All drafts, newest first."""
        found: list[dict[str, Any]] = self.api("GET", "/drafts?limit=100")["data"]
        return found

    def message(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", f"/messages/{id}")
        return found

    def wait_for_status(self, id: str, status: str) -> dict[str, Any]:
        """A message once it has this status."""

        def has_it() -> dict[str, Any] | None:
            message = self.message(id)
            return message if message["status"] == status else None

        found = wait_until(has_it, what=f"status {status}", pause=0.05)
        assert found
        return found


# The page ---------------------------------------------------------------------------------------

WATCH = """
window.__shifts = [];
new PerformanceObserver((list) => {
  const own = list.getEntries().filter((entry) => !entry.hadRecentInput);
  window.__shifts.push(...own.map((entry) => entry.value));
}).observe({type: "layout-shift", buffered: true});
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


#: What becomes of requests when a page is left, or when a test takes the network away.
BROKEN_OFF = (
    "net::ERR_ABORTED",
    "net::ERR_CONNECTION_RESET",
    "net::ERR_FAILED",
    "net::ERR_INTERNET_DISCONNECTED",
)


class Watched:
    """A context whose pages must show no error, no violation and no failed request."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.complaints: list[str] = []
        self.expected: list[str] = []
        context.add_init_script(WATCH)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("response", lambda answer: self._answered(answer.status, answer.url, url))
        context.on("requestfailed", lambda request: self._unanswered(request, url))

    def _console(self, line: Any) -> None:
        if line.type == "error" and "Failed to load resource" not in line.text:
            self.complaints.append(line.text)

    def _answered(self, status: int, url: str, own: str) -> None:
        if status >= 400 and url.startswith(own):
            self.complaints.append(f"{status} {url}")

    def _unanswered(self, request: Request, own: str) -> None:
        if request.url.startswith(own) and request.failure not in BROKEN_OFF:
            self.complaints.append(f"{request.failure} {request.url}")

    def check(self) -> None:
        """Fail for whatever was not expected, and begin anew."""
        left = [one for one in self.complaints if not any(word in one for word in self.expected)]
        self.complaints.clear()
        self.expected.clear()
        assert not left, "\n".join(left)


class Profile:
    """A browser that stays: between two tests it forgets all but what it has cached."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context = context
        self._origin = origin
        self._blank = context.new_page()  # stays too: a tab takes longer to open than to use
        self._line = context.new_cdp_session(self._blank)

    def forget(self) -> None:
        """Leave nothing of what was done, but a clock that was set: that cannot be taken away."""
        for page in self.context.pages:
            if page is not self._blank:
                page.close()
        everything = {"origin": self._origin, "storageTypes": "all"}
        self._line.send("Storage.clearDataForOrigin", everything)
        self.context.clear_cookies()
        self.context.clear_permissions()
        self.context.unroute_all()


@contextmanager
def server_away(page: Page, desk: Desk) -> Iterator[None]:
    """No server meanwhile, as in a power cut; however a request breaks off then is expected."""
    watched: Watched = page.context.__dict__["watched"]
    watched.expected.append("net::ERR_")
    desk.installation.kill_web()
    try:
        yield
    finally:
        desk.installation.start_web()


@cache
def axe_core() -> str:
    return AXE.read_text() + "; null"


def axe(page: Page, *, within: str = "", preload: bool = True) -> None:
    """Fail when axe-core finds a violation of WCAG 2.2 AA or of good practice.

    What moves comes to its end first: a dialog that fades in does not cover the page yet.
    `preload` has it read style sheets; what these import it puts inline, against the policy.
    """
    if not AXE.exists():
        absent("no axe-core: run `make sdks`")
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_core())
    violations = page.evaluate(
        """async ([within, runOnly, preload]) => {
            const moves = document.getAnimations().filter(
                ({ effect }) => effect.getComputedTiming().endTime < Infinity);
            await Promise.allSettled(moves.map(({ finished }) => finished));
            const settings = {runOnly, preload, resultTypes: ["violations"]};
            return (await axe.run(within || document, settings)).violations;
        }""",
        [within, list(RULES), preload],
    )
    words = [
        f"{one['id']}: {one['help']} at {node['target']}: {node['failureSummary']}"
        for one in violations
        for node in one["nodes"]
    ]
    assert not words, "\n".join(words)


def shifts(page: Page) -> float:
    """How much the layout has jumped by itself so far, as the browser counts it."""
    return float(page.evaluate("window.__shifts.reduce((sum, one) => sum + one, 0)"))


def line_of(page: Page) -> CDPSession:
    """What the browser lets one do to its network and its pointer.

    One for each page: what one session has slowed down, another cannot let free.
    """
    line: CDPSession | None = page.__dict__.get("line")
    if line is None:
        line = page.__dict__["line"] = page.context.new_cdp_session(page)
    return line


def throttle(page: Page, *, kbytes: float) -> None:
    """Let so many kilobytes a second through, both ways; 0: all there are."""
    rate = kbytes * 1024 if kbytes else -1
    session = line_of(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": rate, "uploadThroughput": rate},
    )


@contextmanager
def offline(page: Page) -> Iterator[None]:
    """No network, as when a train goes into a tunnel."""
    page.context.set_offline(True)
    try:
        yield
    finally:
        page.context.set_offline(False)


def drag(page: Page, kind: str, paths: Sequence[Path], selector: str) -> None:
    """One moment of dragging files of the system: dragEnter, dragOver, drop, dragCancel."""
    box = page.locator(selector).first.bounding_box()
    assert box
    line_of(page).send(
        "Input.dispatchDragEvent",
        {
            "type": kind,
            "x": box["x"] + box["width"] / 2,
            "y": box["y"] + box["height"] / 2,
            "data": {
                "items": [],
                "files": [str(path.resolve()) for path in paths],
                "dragOperationsMask": 1,
            },
        },
    )


def drop(page: Page, paths: Sequence[Path], selector: str = "#main") -> None:
    """Drop files of the system, as somebody would from a file manager."""
    for kind in ("dragEnter", "dragOver", "drop"):
        drag(page, kind, paths, selector)


def tab_to(page: Page, selector: str, *, most: int = 40) -> None:
    """Press Tab until this has the focus; fails when that takes more than `most`."""
    for _ in range(most):
        if page.locator(f"{selector}:focus").count():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{most} times Tab do not lead to {selector}")


PASTE = """
async ([selector, name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], name, {type}));
  const target = document.querySelector(selector);
  target.focus();
  const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
  target.dispatchEvent(event);
}
"""


def paste_file(page: Page, selector: str, *, name: str, content_type: str, base64: str) -> None:
    """Paste a file; browsers call a screenshot `image.png`."""
    page.evaluate(PASTE, [selector, name, content_type, base64])
