"""Every page for everyone: by keyboard alone, by screen reader, in light and dark, small, and with hostile words."""

from __future__ import annotations

import json
from importlib import resources

import pytest
from selenium.webdriver.common.keys import Keys

from studio.browser import Browser
from studio.conftest import HOSTILE, Stage

pytestmark = pytest.mark.timeout(600)

AXE = (resources.files("axe_core_python") / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
RUN_AXE = """
const done = arguments[0];
axe.run(document, {runOnly: {type: "tag", values: %s}}).then((found) => done(
    found.violations.map((each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => node.html.slice(0, 200))}`)));
"""


@pytest.fixture(scope="module")
def addresses(stage: Stage, done: str, failed: str, retrained: str) -> list[str]:
    """A page of every sort."""
    pictures, step = f"endpoints/batch/{stage.pictures.name}", stage.retraining.step("retrained")
    return [
        "", "endpoints", pictures, f"{pictures}/consume", "endpoints/batch/retraining",
        "endpoints/batch/retraining/consume?language=csharp", "endpoints/real-time/flowers",
        "endpoints/real-time/flowers/consume?language=curl&addresses=azure", "endpoints/real-time/flowers/test",
        "endpoints/real-time/flowers/deployments/blue/log", "jobs", f"jobs?endpoint={stage.pictures.name}",
        f"jobs/{done}", f"jobs/{done}/predictions", f"jobs/{done}/logs", f"jobs/{failed}", f"jobs/{failed}/logs",
        f"jobs/{failed}/predictions", f"jobs/{retrained}", f"jobs/{retrained}/predictions", f"jobs/{retrained}/logs",
        f"jobs/{step}", f"jobs/{step}/predictions", f"jobs/{step}/logs", "models", "models/flowers-model",
        "models/flowers-model/1", "environments", "environments/commands/1", "data", "components",
        "components/retraining", "components/retraining/1",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible(page: Browser, addresses: list[str], scheme: str):
    page.scheme(scheme)
    found = {}
    for address in addresses:
        page.open(address)
        page.script(AXE)
        problems = page.driver.execute_async_script(RUN_AXE % json.dumps(RULES))
        if problems:
            found[address] = problems
    assert found == {}


def test_light_and_dark_differ(page: Browser):
    backs = []
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        page.open("endpoints")
        backs.append(page.script("return getComputedStyle(document.body).backgroundColor"))
    light, dark = (sum(int(each) for each in back.strip("rgb()").split(",")) for back in backs)
    assert light > 600
    assert dark < 150


def test_the_keyboard_leads_from_the_first_page_to_a_copied_client(page: Browser):
    page.open("")
    page.press(Keys.TAB)
    assert page.focused() == "Skip to the content"
    page.press(Keys.ENTER)
    assert page.script("return document.activeElement.id") == "main"
    page.open("")
    for words in ("Endpoints", "flowers", "Consume", "curl"):
        page.tab_to(words)
        page.press(Keys.ENTER)
        page.until(lambda words=words: page.script("return document.readyState") == "complete" and page.focused() == "")
    page.tab_to("Copy the client")
    page.press(Keys.ENTER)
    page.until(lambda: page.clipboard().startswith("#!"))


def test_what_has_the_focus_can_be_seen(page: Browser):
    page.open("endpoints")
    for _ in range(12):
        page.press(Keys.TAB)
        outline = page.script(
            "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
        )
        assert outline[0] != "none"
        assert outline[1] >= 2


def test_a_narrow_window_has_everything_in_its_width(page: Browser, addresses: list[str]):
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        wide = {}
        for address in addresses:
            page.open(address)
            width = page.script("return document.documentElement.scrollWidth")
            if width > 360:
                wide[address] = width
        assert wide == {}
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_words_that_look_like_html_are_words(page: Browser, stage: Stage):
    stage.service.put(
        "batchEndpoints/hostile",
        {"authMode": "AADToken", "description": HOSTILE},
        location="eastus",
        tags={HOSTILE: HOSTILE},
    )
    stage.service.put(
        "data/hostile/versions/1",
        {"dataUri": stage.data, "dataType": "uri_folder", "description": HOSTILE, "tags": {"a": HOSTILE}},
    )
    for path in ("endpoints/batch/hostile", "data/hostile/1"):
        page.open(path)
        assert page.text.count(HOSTILE) >= 2
        assert not page.all("main img")
        assert "hacked" not in page.driver.title


def test_a_file_is_shown_as_a_picture_only_if_it_is_one(page: Browser, stage: Stage):
    page_of_html = "<!doctype html><title>hacked</title><script>document.title='hacked'</script>"
    data = stage.service.upload("data/disguised", {"page.png": page_of_html, "true.png": b"\x89PNG\r\n\x1a\n"})
    name = stage.pictures.start(data, name="disguised")
    assert stage.end(name) == "Completed"
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.driver.get_cookies())
    answers = {
        file: stage.service.http.get(f"/studio/w/local/jobs/{name}/files/input/{file}", headers={"cookie": cookies})
        for file in ("page.png", "true.png")
    }
    assert answers["page.png"].headers["content-type"] == "application/octet-stream"
    assert answers["page.png"].headers["content-disposition"] == "attachment"
    assert answers["true.png"].headers["content-type"] == "image/png"
    assert all("sandbox" in each.headers["content-security-policy"] for each in answers.values())
    for way in ("../pictures/one.png", "%2e%2e/pictures/one.png", "..%2fpictures/one.png"):
        away = stage.service.http.get(f"/studio/w/local/jobs/{name}/files/input/{way}", headers={"cookie": cookies})
        assert away.status_code == 404


def test_the_browser_asked_nobody_but_the_emulator(page: Browser, stage: Stage, addresses: list[str]):
    for address in addresses:
        page.open(address)
    assert page.asked() == {stage.service.emulator.origin}


def test_another_workspace_is_a_few_keys_away(page: Browser, stage: Stage):
    stage.service.emulator.add_workspace("second")
    page.open("models")
    page.tab_to("Workspace local")
    page.press(Keys.ENTER)
    page.tab_to("second", most=3)
    page.press(Keys.ENTER)
    page.until(lambda: page.heading == "second")
    assert "No jobs yet" in page.text
