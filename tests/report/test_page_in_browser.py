"""The benchmark page in headless Chromium, on a desk and on a phone; skipped without Chromium."""

import json
import re
import shutil
import subprocess
from html import unescape

import pytest

from equipoise.report.page import write_page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# Appended to the page: opens and sorts everything, then tells the frame around it what it measured.
PROBE = """
<script>
addEventListener("load", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  for (const one of document.querySelectorAll("thead th:nth-child(3) button")) one.click();
  const column = (t) => [...t.tBodies[0].rows].map((row) => row.cells[2].dataset.value);
  const images = [...document.images];
  Promise.all(images.map((image) => image.decode())).then(() => {
    const measured = {
      width: innerWidth,
      overflow: document.documentElement.scrollWidth - innerWidth,
      images: images.filter((image) => image.naturalWidth > 50).length,
      sorted: column(document.querySelector("table")),
    };
    parent.postMessage(JSON.stringify(measured), "*");
  });
});
</script>
"""
# A window cannot be as narrow as a phone; a frame can.
FRAME = """<!doctype html><html><head><link rel="icon" href="data:,"><script>
addEventListener("message", (event) => {{ document.body.dataset.measured = event.data; }});
</script></head><body><iframe src="page.html" width="{width}" height="900"></iframe></body></html>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_and_reports_no_errors(width, benchmark_records, tmp_path):
    page = tmp_path / "page.html"
    records = benchmark_records(datasets=("mnist",))
    records[0].update(status="failed", error="Error: " + 90 * "x", metrics=None, recall=None)
    write_page(records, page, title="A benchmark", reference="plain", commands=["run " * 60])
    page.write_text(page.read_text(encoding="utf-8") + PROBE, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--window-size=1400,1000", "--virtual-time-budget=10000", "--dump-dom"),
            frame.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    measured = json.loads(unescape(re.search(r'data-measured="([^"]*)"', done.stdout)[1]))
    assert measured["width"] == width
    assert measured["overflow"] <= 0
    assert measured["images"] == 1 + 1 + 4 + 1 + 4
    scores = [float(value) for value in measured["sorted"]]
    assert scores == sorted(scores, reverse=True)
