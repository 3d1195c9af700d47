"""Who may see the studio: what a browser needs, what it gets, and what keeps others out."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from azureml_emulator.settings import CLIENT_ID, TENANT_ID
from azureml_emulator.studio.app import PAGES
from azureml_emulator.studio.frame import HERE
from azureml_emulator.testing import RunningEmulator, emulator
from studio.visitor import LOCAL, address, form_token, guest_of, stranger_to


@pytest.fixture(scope="module")
def local() -> Iterator[RunningEmulator]:
    with emulator(blobs=False) as running:
        yield running


@pytest.fixture
def stranger(local: RunningEmulator) -> Iterator[httpx.Client]:
    with stranger_to(local) as opened:
        yield opened


@pytest.fixture
def guest(local: RunningEmulator) -> Iterator[httpx.Client]:
    """A client that has signed in."""
    with guest_of(local) as opened:
        yield opened


def filled(path: str) -> str:
    """A page's address with something in the place of each parameter."""
    return re.sub(r"\{\w+(:path)?\}", "local", path)


# -- signing in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [(method, filled(path)) for method, path, _ in PAGES])
def test_no_page_is_shown_without_a_session(stranger: httpx.Client, method: str, path: str):
    answer = stranger.request(method, path)
    assert answer.status_code == 401
    assert "azureml-emulator studio" in answer.text
    assert "Endpoints" not in answer.text


def test_an_address_that_is_no_page_is_not_told_from_one(stranger: httpx.Client):
    assert stranger.get("/studio/nothing/here").text == stranger.get(LOCAL).text


def test_a_clients_token_is_no_session(local: RunningEmulator, stranger: httpx.Client):
    secret = (local.home / "client.secret").read_text().strip()
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": secret}
    scope = {"scope": "https://management.azure.com/.default"}
    token = stranger.post(f"/{TENANT_ID}/oauth2/v2.0/token", data={**form, **scope}).json()["access_token"]
    assert stranger.get(LOCAL, headers={"authorization": f"Bearer {token}"}).status_code == 401


def test_only_the_control_key_gets_an_address(stranger: httpx.Client):
    assert stranger.post("/_emulator/studio").status_code == 403
    assert stranger.post("/_emulator/studio", headers={"x-emulator-key": "guess"}).status_code == 403


def test_an_address_signs_in_once(local: RunningEmulator, stranger: httpx.Client):
    url = address(local)
    assert stranger.get(url).status_code == 200
    assert stranger.get(LOCAL).status_code == 200
    with stranger_to(local) as second:
        assert second.get(url).status_code == 401
        assert second.get(LOCAL).status_code == 401


def test_the_cookie_is_for_this_emulator_and_no_script(local: RunningEmulator, stranger: httpx.Client):
    cookie = stranger.get(address(local)).headers["set-cookie"]
    name, _, attributes = cookie.partition("=")
    assert name == f"__Host-azureml-studio-{local.running.port}"
    found = {each.strip().lower() for each in attributes.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/"} <= found
    assert not any(each.startswith("domain") for each in found)


def test_signing_out_ends_the_session(local: RunningEmulator, guest: httpx.Client):
    sent = {"form_token": form_token(guest)}
    kept = dict(guest.cookies)
    assert guest.post("/studio/sign-out", data=sent, headers={"origin": local.origin}).status_code == 200
    assert guest.get(LOCAL, headers={"cookie": "; ".join(f"{k}={v}" for k, v in kept.items())}).status_code == 401


def test_neither_ticket_nor_session_is_written_down(local: RunningEmulator, guest: httpx.Client):
    url = address(local)
    guest.get(url)
    secrets = [url.rpartition("=")[2], *guest.cookies.values(), form_token(guest)]
    kept = [path for path in local.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [str(path) for path in kept if any(secret.encode() in path.read_bytes() for secret in secrets)] == []


def test_a_session_ends_with_the_day():
    with emulator(blobs=False) as running, stranger_to(running) as opened:
        opened.get(address(running))
        assert opened.get(LOCAL).status_code == 200
        running.control("POST", "/_emulator/clock", {"advance": 12 * 3600})
        assert opened.get(LOCAL).status_code == 401


# -- the command -------------------------------------------------------------------------------------------


def test_the_command_prints_an_address_that_signs_in(local: RunningEmulator, stranger: httpx.Client):
    command = ["azureml-emulator", "studio", "--home", str(local.home)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert stranger.get(done.stdout.strip()).status_code == 200
    assert "ca.pem" in done.stderr
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert stranger.get(told["url"]).status_code == 200
    assert Path(told["authority"]).is_file()


def test_the_command_opens_the_address_in_a_browser(local: RunningEmulator, stranger: httpx.Client, tmp_path: Path):
    opened, browser = tmp_path / "opened.txt", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    command = ["azureml-emulator", "studio", "--open", "--home", str(local.home)]
    done = subprocess.run(
        command, env={**os.environ, "BROWSER": str(browser)}, capture_output=True, text=True, check=True
    )
    assert opened.read_text() == done.stdout.strip()
    assert stranger.get(opened.read_text()).status_code == 200


def test_the_command_says_that_the_emulator_does_not_run(tmp_path: Path):
    command = ["azureml-emulator", "studio", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "azureml-emulator start" in done.stderr


# -- other sites -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "eastus.api.azureml.ms"])
def test_a_foreign_name_of_this_machine_leads_nowhere(local: RunningEmulator, guest: httpx.Client, host: str):
    name = f"{host}:{local.running.port}" if host == "evil.example" else host
    for path in (LOCAL, "/studio/static/studio.css", address(local).removeprefix(local.origin)):
        answer = guest.get(path, headers={"host": name})
        assert answer.status_code == 421
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/studio/sign-out", f"{LOCAL}/endpoints/real-time/none/test"])
@pytest.mark.parametrize(
    ("origin", "token"),
    [(None, "right"), ("https://evil.example", "right"), ("null", "right"), ("own", "wrong"), ("own", None)],
)
def test_a_form_of_another_page_is_not_taken(
    local: RunningEmulator, guest: httpx.Client, path: str, origin: str | None, token: str | None
):
    headers = {} if origin is None else {"origin": local.origin if origin == "own" else origin}
    form = {} if token is None else {"form_token": form_token(guest) if token == "right" else "guess"}
    assert guest.post(path, data=form, headers=headers).status_code == 403
    assert guest.get(LOCAL).status_code == 200


@pytest.mark.parametrize("path", ["/studio/sign-in", "/studio/static/studio.js", "/studio/nothing", LOCAL])
def test_every_answer_tells_the_browser_what_it_may_do(guest: httpx.Client, path: str):
    headers = guest.get(path).headers
    policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "img-src", "connect-src", "form-action")} == {"'self'"}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_no_page_holds_script_or_style_within_it():
    found = {}
    for path in (HERE / "templates").iterdir():
        text = path.read_text()
        bad = re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:|\|\s*safe\b|autoescape", text)
        outside = re.findall(r"""(?:src|href|action)=["'](?:https?:)?//[^"']+""", text)
        found[path.name] = bad + outside
    assert len(found) > 15
    assert {name: bad for name, bad in found.items() if bad} == {}


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e/app.py", "app.py", "nothing.css", "..%2f..%2fcli.py"])
def test_only_the_studios_own_files_are_served(guest: httpx.Client, name: str):
    assert guest.get(f"/studio/static/{name}").status_code == 404


# -- what is not there -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/studio/w/elsewhere", "workspace “elsewhere”"),
        ("/studio/w/elsewhere/jobs", "workspace “elsewhere”"),
        (f"{LOCAL}/nothing", "page “nothing”"),
        (f"{LOCAL}/endpoints/real-time/gone", "endpoint “gone”"),
        (f"{LOCAL}/endpoints/batch/gone/consume", "endpoint “gone”"),
        (f"{LOCAL}/endpoints/odd/gone", "endpoint “gone”"),
        (f"{LOCAL}/jobs/gone", "job “gone”"),
        (f"{LOCAL}/jobs/gone/predictions", "job “gone”"),
        (f"{LOCAL}/jobs/gone/logs/job/x", "job “gone”"),
        (f"{LOCAL}/models/gone", "model “gone”"),
        (f"{LOCAL}/environments/gone/1", "environment “gone”"),
        (f"{LOCAL}/data/%3Cscript%3E", "data asset “&lt;script&gt;”"),
        ("/studio/one/two/three", "page at this address"),
    ],
)
def test_a_page_for_what_is_not_there_names_it(guest: httpx.Client, path: str, words: str):
    answer = guest.get(path)
    assert answer.status_code == 404
    assert words in answer.text
    assert "<h1>Not found</h1>" in answer.text


@pytest.mark.parametrize("section", ["", "/endpoints", "/jobs", "/models", "/environments", "/data", "/components"])
def test_an_empty_workspace_says_what_belongs_there(guest: httpx.Client, section: str):
    answer = guest.get(f"{LOCAL}{section}")
    assert answer.status_code == 200
    assert re.search(r"\bNo \w+ yet|There is none yet", answer.text)


def test_a_method_that_a_page_does_not_have_is_refused(guest: httpx.Client):
    assert guest.delete(f"{LOCAL}/jobs").status_code == 405
