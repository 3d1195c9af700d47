"""The studio as people meet it in a browser: what its pages show, and what can be done with them."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from azureml_codegen import LANGUAGES
from studio.browser import Browser
from studio.conftest import FILES, MARKUP, Stage

pytestmark = pytest.mark.timeout(600)


# -- endpoints ---------------------------------------------------------------------------------------------


def test_endpoints_are_listed_by_kind_and_lead_to_their_details(page: Browser, stage: Stage):
    page.open("endpoints")
    sections = {each.find_element(By.TAG_NAME, "h2").text: each.text for each in page.all("main section")}
    assert "flowers" in sections["Real-time endpoints 1"]
    assert "blue 100 %" in sections["Real-time endpoints 1"]
    assert stage.pictures.name in sections["Batch endpoints 1"]
    assert "retraining" in sections["Pipeline endpoints 1"]
    assert "weekly" in sections["Pipeline endpoints 1"]
    page.follow("flowers")
    assert page.heading == "flowers"
    assert f"{stage.service.emulator.origin}/inference/flowers.eastus/score" in page.text
    assert "https://flowers.eastus.inference.ml.azure.com/score" in page.text
    assert "1 of 1 ready" in page.text


def test_the_details_tell_deployments_and_their_assets(page: Browser, stage: Stage):
    page.open(f"endpoints/batch/{stage.pictures.name}")
    assert stage.pictures.deployment in page.text
    assert "score.py" in page.text
    link = page.css('a[href*="/models/"]')
    name = link.text.partition(":")[0]
    link.click()
    page.until(lambda: page.heading == name)
    assert "weights.txt" in page.text
    assert f"{stage.pictures.name} / {stage.pictures.deployment}" in page.text


@pytest.mark.parametrize("path", ["endpoints/real-time/flowers", "endpoints/batch/retraining"])
@pytest.mark.parametrize(("words", "key"), [("OpenAPI 3", "openapi"), ("Swagger 2.0", "swagger")])
def test_the_swagger_links_show_the_document(page: Browser, path: str, words: str, key: str):
    page.open(path)
    page.follow(words)
    document = json.loads(page.css("pre").text)
    assert document[key][0] in "23"
    assert "paths" in document


def test_an_address_is_copied_by_its_button(page: Browser, stage: Stage):
    page.open("endpoints/real-time/flowers")
    button = page.css("button[data-copy=rest]")
    button.click()
    page.until(lambda: button.text.startswith("Copied"))
    assert page.clipboard() == f"{stage.service.emulator.origin}/inference/flowers.eastus/score"
    assert page.css("#announcer").get_attribute("textContent") == "Copied"


# -- consume -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("path", ["endpoints/real-time/flowers", "endpoints/batch/retraining"])
def test_there_is_a_client_in_every_language(page: Browser, stage: Stage, path: str, language: str):
    page.open(f"{path}/consume")
    page.follow(LANGUAGES[language].title)
    page.until(lambda: page.css("h2").text == f"A client in {LANGUAGES[language].title}")
    text = page.css("#client-text").get_attribute("textContent")
    assert f"{stage.service.emulator.origin}/inference/{path.rpartition('/')[2]}.eastus/" in text
    page.css("button[data-copy=client-text]").click()
    page.until(lambda: page.clipboard() == text)


def test_a_client_can_call_azures_own_names(page: Browser, stage: Stage):
    page.open("endpoints/real-time/flowers/consume")
    page.follow("Azure's host names")
    page.until(lambda: "https://flowers.eastus.inference.ml.azure.com/score" in page.css("#client-text").text)
    assert stage.service.emulator.origin not in page.css("#client-text").text


def test_an_unknown_language_has_no_page(page: Browser):
    page.open("endpoints/real-time/flowers/consume?language=cobol")
    assert "There is no client in “cobol”" in page.text
    assert page.complaints()  # the browser notes the 404


def test_an_endpoint_without_a_deployment_says_what_is_missing(page: Browser, stage: Stage):
    stage.service.put("batchEndpoints/bare", {"authMode": "AADToken"}, location="eastus")
    page.open("endpoints/batch/bare")
    assert "Nothing is deployed here yet" in page.text
    page.follow("Consume")
    page.until(lambda: "has no default deployment" in page.text)


# -- test tab ----------------------------------------------------------------------------------------------


def test_a_request_is_sent_with_the_keyboard_alone(page: Browser):
    page.open("endpoints/real-time/flowers/test")
    page.tab_to("body")
    page.select_all()
    page.press('{"flowers": [{"sepal": [6.9, 3.1], "petal": [5.8, 2.2]}]}')
    page.tab_to("Send")
    page.press(Keys.ENTER)
    page.until(lambda: "virginica" in page.css("#answer").text)
    answer = page.css("#answer").text
    assert answer.splitlines()[1].startswith("200")
    assert "azureml-model-deployment" in answer
    assert "blue" in answer
    assert "6.9" in page.css("#body").get_attribute("value")
    page.tab_to('["virginica"]', most=1)  # the focus goes on from the answer


def test_the_form_begins_with_a_body_that_fits(page: Browser):
    page.open("endpoints/real-time/flowers/test")
    assert json.loads(page.css("#body").get_attribute("value")) == {
        "flowers": [{"sepal": [5.1, 3.5], "petal": [1.4, 0.2]}]
    }
    page.css("form .primary").click()
    page.until(lambda: "setosa" in page.css("#answer").text)


def test_an_error_of_the_model_is_shown_with_its_headers(page: Browser):
    page.open("endpoints/real-time/flowers/test")
    body = page.css("#body")
    body.clear()
    body.send_keys(json.dumps({"flowers": [{"sepal": MARKUP}]}))
    page.css("form .primary").click()
    page.until(lambda: "424" in page.css("#answer").text)
    assert "ms-azureml-model-error-statuscode" in page.css("#answer").text
    assert MARKUP in page.css("#body").get_attribute("value")
    assert "hacked" not in page.driver.title


def test_what_is_not_json_is_not_sent(page: Browser):
    page.open("endpoints/real-time/flowers/test")
    page.css("#body").clear()
    page.css("#body").send_keys("{not json")
    page.css("form .primary").click()
    page.until(lambda: page.css("#problem"))
    assert "This is not JSON" in page.css("#problem").text
    assert page.css("#body").get_attribute("value") == "{not json"
    assert page.css("#body").get_attribute("aria-describedby") == "problem"
    assert page.complaints()  # the browser notes the 400


# -- jobs --------------------------------------------------------------------------------------------------


def test_a_jobs_progress_is_followed_without_loading_the_page_again(page: Browser, stage: Stage):
    name = stage.start("followed")
    page.open(f"jobs/{name}")
    page.script("window.same = true")
    first, second = sorted(FILES)[:2]
    # The first takes a while: two that begin in the same thousandth of the timeline are drawn as one.
    page.until((stage.gate / f"{first} waits").exists)
    stage.let(first, second)  # one soon after the other
    page.until(lambda: "2 of 4 mini-batches" in page.text)
    page.until(lambda: page.css("#announcer").get_attribute("textContent") == f"{name}: Running, 50 percent")
    page.css("details summary").click()
    page.until(lambda: len(page.all("details tbody tr")) == 2)
    stage.let("all")
    page.until(lambda: "Completed" in page.text)
    stage.close()
    page.until(lambda: len(page.all("details[open] tbody tr")) == 4)  # it is open still
    assert page.script("return window.same")
    assert page.css("#announcer").get_attribute("textContent") == f"{name}: Completed"
    assert len(page.all("svg .bar")) == 4


def test_the_list_of_jobs_is_followed_too(page: Browser, stage: Stage):
    page.open("jobs")
    page.script("window.same = true")
    name = stage.start("listed")
    page.until(lambda: name in page.text)
    assert stage.end(name) == "Completed"

    def row() -> str:
        return str(page.script("return document.querySelector(`a[href$='/listed']`).closest('tr').innerText"))

    page.until(lambda: "Completed" in row() and "100 %" in row())
    assert page.script("return window.same")


def test_a_page_says_that_it_is_no_longer_up_to_date(page: Browser):
    page.open("jobs")
    cookies = page.driver.get_cookies()
    page.driver.delete_all_cookies()
    page.until(lambda: "You are signed out" in page.text)
    assert "You are signed out" in page.css("#announcer").get_attribute("textContent")
    assert page.complaints()  # the browser notes the 401
    for cookie in cookies:
        page.driver.add_cookie(cookie)
    page.open("jobs")
    assert "You are signed out" not in page.text


def test_predictions_are_beside_their_pictures(page: Browser, done: str):
    page.open(f"jobs/{done}/predictions")
    cards = {each.text.splitlines()[0]: each for each in page.all(".gallery li")}
    assert set(cards) == set(FILES)
    assert "0.1235" in cards["two.png"].text
    for name, card in cards.items():
        shown = card.find_element(By.TAG_NAME, "img")
        assert shown.get_attribute("alt") == name
        page.until(
            lambda shown=shown: page.script("return arguments[0].naturalWidth", shown) == 1, f"no picture: {name}"
        )


def test_a_failed_job_says_why(page: Browser, failed: str):
    page.open(f"jobs/{failed}")
    assert "Failed" in page.text
    assert "<i>broken</i>" in page.text
    assert page.all("svg .bar.bad")
    page.follow("Logs")
    page.until(lambda: "<i>broken</i>" in page.css("pre.log").text)


def test_logs_are_read_one_by_one(page: Browser, done: str):
    page.open(f"jobs/{done}/logs")
    assert "4/4 mini-batches" in page.css("pre.log").text
    name = next(each.text for each in page.all(".loglist a") if "stdout" in each.text)
    page.follow(name)
    page.until(lambda: page.css("#log-name").text == name)
    assert MARKUP in page.css("pre.log").text


def test_a_pipelines_steps_lead_to_their_own_pages(page: Browser, retrained: str):
    page.open(f"jobs/{retrained}")
    rows = page.all("#steps + .scroll tbody tr")
    assert [row.text.split()[0] for row in rows] == ["prepare", "train", "evaluate"]
    assert all("Completed" in row.text for row in rows)
    assert len(page.all("svg .bar")) == 3
    page.follow("Outputs")
    page.until(lambda: "evaluate-model.txt" in page.text)
    page.open(f"jobs/{retrained}")
    page.follow("prepare")
    page.until(lambda: page.heading == "prepare")
    page.follow("Logs")
    page.until(lambda: "0.5 of the rows" in page.css("pre.log").text)


# -- assets ------------------------------------------------------------------------------------------------


def test_assets_tell_their_versions_and_who_uses_them(page: Browser):
    page.open("models")
    assert "flowers-model" in page.text
    page.follow("flowers-model")
    page.until(lambda: page.heading == "flowers-model")
    assert "flowers / blue" in page.text
    page.follow("1")
    page.until(lambda: "means.json" in page.text)
    page.open("components/prepare-data")
    assert "retraining" in page.text
    page.open("components/retraining")
    assert "retraining / weekly" in page.text
    page.open("environments/commands")
    assert "prepare-data" in page.text


def test_data_is_used_by_the_jobs_that_read_it(page: Browser, stage: Stage):
    stage.service.put("data/pictures/versions/1", {"dataUri": f"{stage.data}/", "dataType": "uri_folder"})
    name = stage.pictures.start("azureml:pictures:1", name="by-name")
    assert stage.end(name) == "Completed"
    page.open("data")
    page.follow("pictures")
    page.until(lambda: page.heading == "pictures")
    assert name in page.text
    page.follow("1")
    page.until(lambda: "three.png" in page.text)
