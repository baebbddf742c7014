"""A studio in this process, and a browser to look at it."""

import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("starlette", reason="needs equipoise[studio]")
pytest.importorskip("uvicorn", reason="needs equipoise[studio]")

EVIL = "<img src=x onerror=alert(1)>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def serving(folders: list[Path], runs: Path, host: str = "127.0.0.1", password: str | None = None):
    """Serve a studio on a free port; gives its address and its project."""
    import socket

    import uvicorn

    from equipoise.studio.app import make_app
    from equipoise.studio.project import Project
    from equipoise.studio.server import own_names

    runs.mkdir(exist_ok=True)
    project = Project(folders, runs)
    listener = socket.create_server((host, 0))
    app = make_app(project, own_names(), password)
    config = uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", project
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def studio(tmp_path):
    """A studio with the table of :func:`evil_table` and no runs."""
    evil_table(tmp_path / "data")
    with serving([tmp_path / "data"], tmp_path / "runs") as served:
        yield served


def evil_table(folder: Path) -> Path:
    """A small table with a column and a class that would do harm if they were believed."""
    folder.mkdir()
    random = np.random.default_rng(0)
    kind = np.repeat(["common", EVIL], [90, 30])
    rows = pd.DataFrame(
        {
            "size": random.normal(size=120) + 3 * (kind == EVIL),
            "=cmd()": random.choice(["=1+1", "plain"], 120),
            "weight": random.integers(1, 50, 120),
            "kind": kind,
        }
    )
    rows.to_csv(folder / "parts.csv", index=False)
    return folder / "parts.csv"


@pytest.fixture(scope="session")
def chromium():
    """The browser of the system; what needs it skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: there is neither chromium nor chromium-browser on PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser, address: str, **options):
    """A page of the studio; afterwards, nothing may have gone wrong or to another host."""
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(120_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(dialog.message))

    def check(request):
        if not request.url.startswith((f"{address}/", "data:")):
            wrong.append(f"request to {request.url}")

    page.on("request", check)
    page.goto(address)
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def call_sample(tmp_path, capfd):
    """What ``equipoise imsic sample`` writes for a run."""
    from equipoise.cli import main

    def call(run, ending, *options):
        out = tmp_path / f"sample.{ending}"
        with pytest.raises(SystemExit) as exit:
            main(["imsic", "sample", str(run), str(out), *options])
        assert not exit.value.code, capfd.readouterr().err
        return np.load(out) if ending == "npz" else pd.read_csv(out)

    return call
