"""Walk through the studio in Chromium, time each step, and take the pictures of the guide.

    python benchmarks/studio_journey.py digits --epochs 80 --pictures docs/_static
    python benchmarks/studio_journey.py fashion-mnist --epochs 3

It needs equipoise[studio], Playwright and Chromium, and for other sets than digits their files
(EQUIPOISE_DATA). The times of this machine are in benchmarks/NOTES.md.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

SLIDES, DECISIONS = 60, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("--epochs", default="30")
    parser.add_argument("--pictures", type=Path, help="folder for those of the guide")
    parser.add_argument("--shots", type=Path, help="folder for every step, wide and narrow")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        words = ["-m", "equipoise", "studio", "--no-browser", "--port", "0"]
        started = time.perf_counter()
        server = subprocess.Popen(
            [sys.executable, *words], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        server.stderr.readline()  # says that it takes some seconds
        address = server.stderr.readline().split()[4]
        print(f"start of the server {time.perf_counter() - started:.1f} s")
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 800})
        page.set_default_timeout(3_600_000)
        hosts = set()
        page.on("request", lambda request: hosts.add(request.url[:40].partition(";")[0]))
        try:
            page.goto(address)
            walk(page, options)
        finally:
            server.terminate()
            browser.close()
        print("requests:", *sorted({url.split("/api")[0].split("/static")[0] for url in hosts}))


def walk(page, options) -> None:
    started = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal started
        print(f"{step:<28} {time.perf_counter() - started:7.1f} s", flush=True)
        started = time.perf_counter()

    def button(name):
        return page.get_by_role("button", name=name)

    def picture(name: str, height: int = 800) -> None:
        if options.pictures is not None:
            options.pictures.mkdir(exist_ok=True)
            path = options.pictures / f"studio-{name}.png"
            page.set_viewport_size({"width": 1100, "height": height})
            page.evaluate("scrollTo(0, 0)")
            page.screenshot(path=path)
            Image.open(path).convert("P", palette=Image.Palette.ADAPTIVE).save(path, optimize=True)

    def shots(name: str) -> None:
        """Take the whole page as on a desk and as on a telephone."""
        if options.shots is not None:
            options.shots.mkdir(exist_ok=True)
            for width, height in ((1280, 900), (390, 844)):
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=options.shots / f"{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": 1100, "height": 800})

    page.get_by_label("What to open").select_option(label=options.dataset)
    button("Open").click()
    button("Go on to Train").wait_for()
    lap("data")
    shots("data")
    button("Go on to Train").click()
    page.get_by_label("How long").fill(options.epochs)
    button("Train a new model").click()
    button("Go on to Codes").wait_for()
    lap(f"training, {options.epochs} epochs")
    shots("train")
    started = time.perf_counter()
    button("Go on to Codes").click()
    page.locator(".verdict").wait_for()
    lap("codes and their report")
    slide(page)
    page.get_by_label("Name of code 2").fill("thickness")
    page.get_by_label("Name of code 2").press("Enter")
    page.get_by_label("Value of thickness").fill("0.6")
    page.wait_for_timeout(1000)
    picture("codes", 820)
    shots("codes")
    started = time.perf_counter()
    button("4. Curate").click()
    page.locator(".gallery button").first.wait_for()
    lap("candidates")
    for i in range(DECISIONS):
        if i and i % 60 == 0:
            button("Propose more").click()
            page.get_by_text("60 undecided").wait_for()
        page.keyboard.press("ArrowLeft" if i % 4 == 3 else "ArrowRight")
    page.locator(f"#counter[data-saved='{DECISIONS - 60}']").wait_for()
    lap(f"{DECISIONS} decisions by key")
    picture("curate", 800)
    shots("curate")
    button("5. Balance").click()
    page.locator("table").wait_for()
    started = time.perf_counter()
    button("Compare").click()
    page.locator("#verdict").wait_for()
    lap("comparison")
    print(page.locator("#verdict").inner_text())
    page.locator("#verdict").scroll_into_view_if_needed()
    started = time.perf_counter()
    button("Write the files").click()
    page.locator("pre").first.wait_for()
    lap("export")
    shots("balance")


def slide(page) -> None:
    """Move a slider and wait for the picture, in the page itself."""
    times = page.evaluate(
        """async (n) => {
          const range = document.querySelector("input[type=range]");
          const times = [];
          for (let i = 0; i < n; i++) {
            const before = document.querySelector(".live").firstChild;
            const start = performance.now();
            range.value = (i % 21) / 10 - 1;
            range.dispatchEvent(new Event("input"));
            while (document.querySelector(".live").firstChild === before)
              await new Promise((done) => setTimeout(done, 1));
            times.push(performance.now() - start);
          }
          return times;
        }""",
        SLIDES,
    )
    median, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    print(f"slider: median {median:.0f} ms, 95 % {high:.0f} ms of {SLIDES}")


if __name__ == "__main__":
    main()
