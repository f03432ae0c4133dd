"""The page around the views: what it loads, what it says while it waits, and what it says when things break."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = """
import traitlets as tl
from widgets.shared import View, page_request

class Trial(View):
    template_file = (__file__, "trial.vue")
    view = tl.Unicode("none").tag(sync=True)
    answer = tl.Unicode().tag(sync=True)

    def __init__(self):
        super().__init__(**page_request(view=str))

    def vue_ask(self, name):
        self.answer = f"Hello {name}"
"""
TEMPLATE = """
<template>
  <v-app><v-main>
    <h1 class="crm-title">{{ view }}</h1>
    <label class="crm-label" for="name">{{ t("Name") }}</label>
    <v-text-field id="name" v-model="name" @keydown.enter="ask(name)"></v-text-field>
    <p id="answer">{{ answer }}</p>
    <v-btn color="primary" @click="open = true">{{ t("Open") }}</v-btn>
    <v-dialog v-model="open" max-width="480">
      <v-card class="pa-6"><v-text-field id="inside"></v-text-field></v-card>
    </v-dialog>
  </v-main></v-app>
</template>
<script>
export default { data() { return { name: "", open: false } } }
</script>
"""


def notebook(file: Path, code: str) -> Path:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    file.write_text(json.dumps({"cells": [cell], "metadata": spec, "nbformat": 4, "nbformat_minor": 5}), "utf-8")
    return file


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "workbench.toml").write_text('name = "Halyard <Instruments>"\nlocale = "en"\n', "utf-8")
    (folder / "trial_view.py").write_text(VIEW, "utf-8")
    (folder / "trial.vue").write_text(TEMPLATE, "utf-8")
    return folder


@pytest.fixture(scope="module")
def address(workspace: Path, desk_server: Callable[..., str]) -> str:
    return desk_server(workspace, notebook(workspace / "trial.ipynb", "from trial_view import Trial\nTrial()"))


@pytest.fixture
def own_server(workspace: Path):
    """A server of this test alone, that it may break; gives process and what it printed."""
    page = notebook(workspace / "own.ipynb", "from trial_view import Trial\nTrial()")
    started = []

    def start(*more: str) -> tuple[Any, str]:
        command = [sys.executable, "-m", "widgets.shared.serve", "--workspace", str(workspace), *more]
        server = subprocess.Popen(
            [*command, "--notebook", str(page)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(server)
        return server, server.stdout.readline()

    yield start
    for server in started:
        server.terminate()
        server.wait(timeout=20)
        server.stdout.close()


def get(address: str, **headers: str) -> Any:
    # the address is this machine's own, in every test
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30)


def text_of(page: Any, selector: str, wanted: str) -> None:
    """Wait until the text is there; Playwright's own waiting would need eval, which the page forbids."""
    page.locator(selector).filter(has_text=wanted).wait_for()


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_the_page_works_and_asks_no_other_host(address, open_page, phone, dark):
    page = open_page(address + "?view=party", phone=phone, dark=dark)
    text_of(page, "h1", "party")
    page.fill("#name", "Suparman")
    page.press("#name", "Enter")
    text_of(page, "#answer", "Hello Suparman")
    assert page.locator(".v-application.v-theme--dark").count() == dark
    assert page.locator("#crm-boot").count() == 0
    assert page.evaluate("document.fonts.check('500 13px \"Inter Variable\"')")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() == "Halyard <Instruments>"


def test_light_and_dark_change_at_once_and_are_remembered(address, open_page):
    page = open_page(address)
    page.locator(".v-application.v-theme--light").wait_for()
    page.evaluate("crm.setTheme('dark')")
    page.locator(".v-application.v-theme--dark").wait_for()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.crmTheme") == "dark"  # before any kernel answers
    page.locator(".v-application.v-theme--dark").wait_for()


def test_escape_closes_a_dialog_from_within(address, open_page):
    page = open_page(address)
    page.get_by_role("button", name="Open").click()
    page.locator("#inside").fill("typed")
    page.keyboard.press("Escape")
    page.locator("#inside").wait_for(state="hidden")


def test_the_skeleton_is_sent_before_the_kernel_answers(address):
    with get(address) as answer:
        begun = answer.read(600).decode()
        rest = answer.read().decode()
    assert begun.startswith("<!DOCTYPE html>")
    assert rest.index("crm-boot-rail") < rest.index("jupyter-config-data")


def test_the_page_says_what_it_may_load(address):
    with get(address) as answer:
        policy = answer.headers["Content-Security-Policy"]
        page = answer.read().decode()
    assert "unsafe-eval" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    hosts = {host for host in re.findall(r"https?://([^/\"']+)", page) if not host.startswith("localhost")}
    assert hosts <= {"www.w3.org"}
    assert "text/plain" not in page  # a widget's text form would repeat its data


def test_files_are_small_on_the_way_and_kept(address):
    with get(address) as answer:
        sheet = re.search(r'href="(/assets/[^"]+crm\.css)"', answer.read().decode())[1]
    with get(address.rstrip("/") + sheet, **{"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["voila/files/workbench.toml", "voila/files/trial_view.py", "assets/../crm.toml", "nope"]
)
def test_nothing_else_is_served(address, path):
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(address + path).close()
    assert refused.value.code in (403, 404)
    refused.value.close()


def test_another_sites_name_is_refused(address):
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(address, Host="evil.example:80")
    assert refused.value.code == 403
    refused.value.close()


def test_a_broken_desk_says_so_without_a_traceback(workspace, desk_server, open_page):
    page = open_page(desk_server(workspace, notebook(workspace / "broken.ipynb", "secret = 1\n1/0")))
    text_of(page, "#crm-boot-words", "The desk could not be opened")
    assert page.locator("#crm-boot-reload").is_visible()
    assert "ZeroDivision" not in page.content()
    assert "secret" not in page.content()


def test_a_page_that_is_left_ends_its_kernel(own_server, open_page):
    server, told = own_server("--json", "--port", "8950")
    page = open_page(json.loads(told)["address"])
    page.locator(".v-application h1").wait_for()
    process = psutil.Process(server.pid)
    assert len(process.children()) == 1
    page.goto("about:blank")
    until = time.monotonic() + 10
    while process.children() and time.monotonic() < until:
        time.sleep(0.1)
    assert process.children() == []


def test_a_lost_connection_is_said_and_typing_goes_on(own_server, open_page):
    server, told = own_server("--json", "--port", "8960")
    page = open_page(json.loads(told)["address"])
    page.fill("#name", "half a na")
    page.errors_expected = True
    server.terminate()
    text_of(page, "#crm-strip", "Connection lost")
    page.locator("#name").press_sequentially("me")
    assert page.input_value("#name") == "half a name"


def test_a_port_that_is_taken_gives_way_to_the_next(own_server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _server, told = own_server("--port", str(port))
        assert f"Port {port} is taken" in told


def test_a_folder_without_a_workbench_is_told_kindly(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "widgets.shared.serve", "--workspace", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no workbench in" in done.stderr
    assert "Traceback" not in done.stderr
