"""What people do in a browser."""

import re

from playwright.sync_api import Page

from tests.make import PASSWORD
from tests.people import Person


def sign_in(page: Page, url: str, person: Person) -> None:
    """Sign in as somebody would, and arrive at their mail."""
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", person.user.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url(re.compile(r"/mail/"))
