"""A headless Chromium that trusts an emulator's own authority, and tells which addresses it asked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service as Driver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from azureml_emulator.testing import RunningEmulator

WAIT = 60.0
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--disable-default-apps", "--disable-extensions", "--no-default-browser-check", "--force-color-profile=srgb",
    "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)  # fmt: skip

FOCUSED = r"""
const e = document.activeElement;
const words = e.innerText || e.ariaLabel || e.name || e.id || e.tagName;
return e === document.body ? "" : words.replace(/\s+/g, " ").trim();
"""


class Browser:
    """A browser window that is signed in to the studio of one emulator."""

    def __init__(self, driver: webdriver.Chrome, emulator: RunningEmulator) -> None:
        self.driver = driver
        self.emulator = emulator
        self.home = f"{emulator.origin}/studio"

    # -- going somewhere -----------------------------------------------------------------------------------

    def sign_in(self) -> None:
        """Open the address that ``azureml-emulator studio`` prints."""
        self.driver.get(self.emulator.control("POST", "/_emulator/studio")["url"])
        self.until(lambda: "/sign-in" not in self.driver.current_url)

    def open(self, path: str) -> None:
        """Open a page of the workspace ``local``; ``path`` begins without a slash."""
        self.driver.get(f"{self.home}/w/local/{path}".rstrip("/"))

    def follow(self, text: str) -> None:
        """Follow a link by its words."""
        self.find(By.LINK_TEXT, text).click()

    # -- looking -------------------------------------------------------------------------------------------

    def find(self, by: str, value: str) -> WebElement:
        """The first element, as soon as it is there."""
        return self.until(lambda: next(iter(self.driver.find_elements(by, value)), None), f"no {value}")

    def css(self, selector: str) -> WebElement:
        """The first element of a selector, as soon as it is there."""
        return self.find(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements of a selector that are there now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    @property
    def text(self) -> str:
        """What the page's main part says."""
        return str(self.script("return document.querySelector('main').innerText"))

    @property
    def heading(self) -> str:
        """The page's first heading."""
        return str(self.script("return document.querySelector('h1').innerText"))

    def until(self, happens: Callable[[], Any], message: str = "it did not happen") -> Any:
        """What ``happens()`` gives as soon as that is true."""

        def attempt(_driver: Any) -> Any:
            return happens()

        return WebDriverWait(self.driver, WAIT, 0.05, [StaleElementReferenceException]).until(attempt, message)

    def script(self, text: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(text, *arguments)

    # -- doing ---------------------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        actions = webdriver.ActionChains(self.driver)
        for key in keys:
            actions.send_keys(key)
        actions.perform()

    def select_all(self) -> None:
        """Select what is in the field that has the focus, so that the next key replaces it."""
        webdriver.ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()

    def focused(self) -> str:
        """The words of the element that has the focus."""
        return str(self.script(FOCUSED))

    def tab_to(self, words: str, most: int = 80) -> None:
        """Press the tab key until the element with these words has the focus."""
        seen = []
        for _ in range(most):
            self.press(Keys.TAB)
            seen.append(self.focused()[:60])
            if seen[-1] == words:
                return
        raise AssertionError(f"the tab key does not lead to {words!r}, only to {seen}")

    def scheme(self, name: str) -> None:
        """Prefer ``light`` or ``dark``."""
        features = [{"name": "prefers-color-scheme", "value": name}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def clipboard(self) -> str:
        """What the page's copy button has put there."""
        return str(self.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])"))

    # -- judging -------------------------------------------------------------------------------------------

    def asked(self) -> set[str]:
        """The origins that the browser has asked since it began, and was to ask."""
        return {
            f"{parts.scheme}://{parts.netloc}"
            for url in self._requests()
            if (parts := urlsplit(url)).scheme not in {"data", "blob", "chrome", "about"}
        }

    def _requests(self) -> Iterator[str]:
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                yield message["params"]["request"]["url"]

    def complaints(self) -> list[str]:
        """What the browser has written in its console: refused contents, errors of scripts.

        It looks for an icon of a JSON document by itself.
        """
        severe = (entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE")
        return [message for message in severe if "/favicon.ico" not in message]


@contextmanager
def browser(emulator: RunningEmulator, folder: Path, *, size: tuple[int, int] = (1280, 900)) -> Iterator[Browser]:
    """A signed-in browser whose profile is in ``folder``; the test is skipped where there is no Chromium."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver", "certutil")}
    packages = {"chromium": "chromium", "chromedriver": "chromium-driver", "certutil": "libnss3-tools"}
    for name, path in programs.items():
        if path is None:
            pytest.skip(f"'{name}' is not there: install the package {packages[name]}")
    home = folder / "home"
    trust(home, emulator.home / "tls" / "ca.pem")
    options = Options()
    options.binary_location = str(programs["chromium"])
    for flag in (*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--window-size={size[0]},{size[1]}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    service = Driver(str(programs["chromedriver"]), env=environment)
    driver = webdriver.Chrome(options=options, service=service)
    try:
        permissions = {"origin": emulator.origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        driver.execute_cdp_cmd("Browser.grantPermissions", permissions)
        opened = Browser(driver, emulator)
        opened.sign_in()
        yield opened
    finally:
        driver.quit()


def trust(home: Path, authority: Path) -> None:
    """Make the Chromium of a home folder trust an authority, as docs/studio.md tells users to."""
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True, exist_ok=True)
    place = ["-d", f"sql:{database}"]
    subprocess.run(["certutil", "-N", *place, "--empty-password"], check=True)
    name = "Azure ML emulator"
    subprocess.run(["certutil", "-A", *place, "-t", "C,,", "-n", name, "-i", str(authority)], check=True)
