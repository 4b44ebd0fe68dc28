"""The approval page in a real browser: a telephone's width, no script, code typed, approved."""

import asyncio
import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import title_contains
from selenium.webdriver.support.wait import WebDriverWait

from domain.asks_approvals import IssueApprovalLink
from domain.withdrawals import State
from tests.web.approving import ANNA, approving, good_code, pending, state_of

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
WIDTH, HEIGHT = 360, 740
PATIENCE_S = 60
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver"
    ),
]


@contextmanager
def telephone(profile: Path, *, dark: bool) -> Iterator[Chrome]:
    """A narrow Chromium without JavaScript."""
    options = ChromeOptions()
    assert CHROMIUM is not None
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.add_experimental_option(
        "prefs", {"profile.managed_default_content_settings.javascript": 2}
    )
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    try:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 2, "mobile": True}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        driver.set_page_load_timeout(60)
        yield driver
    finally:
        driver.quit()


SCRIPT = "data:text/html,<title>off</title><script>document.title='on'</script>"
ATTACK = (
    "data:text/html,<form method=post action={url}><input name=code value={code}>"
    "<input name=act value=approve><button>win a prize</button></form>"
)


def lured(driver: Chrome, url: str, code: str) -> tuple[str, str]:
    """What a page of somebody else can do: its script, and what its form is answered."""
    driver.get(SCRIPT)
    title = driver.title
    driver.get(ATTACK.format(url=url, code=code))
    driver.find_element(By.TAG_NAME, "button").click()
    return title, page_titled(driver, "Refused")


def page_titled(driver: Chrome, title: str) -> str:
    """The text of the page that a press leads to, once the browser is there."""
    ready = WebDriverWait(driver, PATIENCE_S)
    ready.until(title_contains(title))
    ready.until(lambda here: here.execute_script("return document.readyState") == "complete")
    return driver.find_element(By.TAG_NAME, "body").text


def approve(
    driver: Chrome, url: str, code: str, screen: Path
) -> tuple[str, int, str, str, list[str]]:
    """Open the link, look at it, type the code, press, and open it once more."""
    driver.get(url)
    before = driver.find_element(By.TAG_NAME, "body").text
    width = int(driver.find_element(By.TAG_NAME, "html").get_property("scrollWidth"))  # type: ignore[arg-type]
    whole = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    screen.write_bytes(base64.b64decode(whole["data"]))
    driver.find_element(By.ID, "code").send_keys(code)
    driver.find_element(By.CSS_SELECTOR, "button[value=approve]").click()
    after = page_titled(driver, "Approved")
    driver.get(url)
    again = driver.find_element(By.TAG_NAME, "body").text
    driver.get_screenshot_as_file(str(screen.with_name("used.png")))
    complaints = [str(entry["message"]) for entry in driver.get_log("browser")]  # type: ignore[no-untyped-call]
    return before, width, after, again, complaints


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_a_person_approves_on_a_telephone_without_javascript(
    tmp_path: Path, *, dark: bool
) -> None:
    async with approving(tmp_path / "book") as browser:
        request = await pending(browser)
        ask = IssueApprovalLink(request_id=request.request_id)
        url = (await browser.rig.ask(ask, ANNA)).url
        code = await good_code(browser)
        screen = tmp_path / "approval.png"
        with telephone(tmp_path / "profile", dark=dark) as driver:
            title, answer = await asyncio.to_thread(lured, driver, url, code)
            assert title == "off", "JavaScript runs, so nothing is proven without it"
            assert "sent by another site" in answer
            assert state_of(browser, request) is State.PENDING
            before, width, after, again, complaints = await asyncio.to_thread(
                approve, driver, url, code, screen
            )
        assert f"Approve {request.request_id}?" in before
        assert "TR7N Hqje KQxG TCi8 q8ZY 4pL8 otSz gjLj 6t" in before
        assert width == WIDTH, "the page is wider than the telephone"
        assert f"Approved: {request.request_id}" in after
        assert state_of(browser, request) in (State.APPROVED, State.SUBMITTED, State.CONFIRMING)
        assert "This link is over" in again
        assert screen.stat().st_size > 10_000
        refused = [told for told in complaints if "Content Security Policy" in told]
        assert not [told for told in refused if "favicon" not in told and "data:" not in told]
