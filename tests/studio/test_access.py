"""The page by keyboard alone, on a narrow screen, in the dark, and read aloud."""

import time

import pytest

from .conftest import opened

STEPS = ("1. Data", "2. Train", "3. Codes", "4. Curate", "5. Balance")

# Controls without a name, images without a text, and texts with too little contrast.
FAULTS = """() => {
  const faults = [];
  const visible = (node) => node.getClientRects().length > 0;
  for (const node of document.querySelectorAll("input, select, button, progress, [tabindex='0']")) {
    const name = node.getAttribute("aria-label") || node.labels?.[0]?.textContent
      || (node.tagName === "BUTTON" && node.textContent);
    if (visible(node) && !name) faults.push("no name: " + node.outerHTML.slice(0, 80));
  }
  for (const node of document.querySelectorAll("img"))
    if (!node.alt && !node.closest("[aria-label]")) faults.push("no text: image");
  for (const node of document.querySelectorAll("svg[role=img]"))
    if (!node.getAttribute("aria-label")) faults.push("no text: drawing");
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) =>
    v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const back = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim());
    if (!own || !visible(node) || node.closest("svg, noscript") || node.disabled) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(back(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(1)}: ${node.textContent.slice(0, 40)}`);
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`${wide} pixels too wide`);
  return faults;
}"""


@pytest.fixture
def trained(studio):
    """A studio with digits and a model of one epoch."""
    from equipoise.studio import train

    address, project = studio
    project.open("builtin", "digits", {})
    train.start(project, {"epochs": 1, "n_codes": 3})
    while project.job.running:
        time.sleep(0.05)
    return address, project


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_step_is_accessible(chromium, trained, scheme):
    address, _ = trained
    for width in (1280, 390):
        size = {"width": width, "height": 844}
        with opened(chromium, address, viewport=size, color_scheme=scheme) as page:
            for step in STEPS:
                page.get_by_role("button", name=step).click()
                page.get_by_role("heading", level=2).wait_for()
                waited_for = {
                    "1": ".classes",
                    "2": ".chart circle",
                    "3": ".verdict",
                    "4": ".gallery img",
                    "5": "table",
                }
                page.locator(waited_for.get(step[0], "form")).first.wait_for()
                if step[0] == "4":
                    page.keyboard.press("ArrowRight")
                    page.keyboard.press("ArrowLeft")
                assert page.evaluate(FAULTS) == [], (step, width, scheme)


def test_how_columns_are_read_is_accessible_and_is_kept(chromium, studio):
    address, project = studio
    with opened(chromium, address, color_scheme="dark") as page:
        page.get_by_label("What to open").select_option(label="data/parts.csv")
        page.get_by_text("How to read the columns", exact=True).click()
        page.get_by_label("weight", exact=True).select_option("Ignore")
        page.get_by_label("size", exact=True).select_option("Category")
        page.get_by_label("Missing values").fill("'', plain")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(FAULTS) == [], width
        page.get_by_role("button", name="Open").click()
        page.get_by_text("held out to test, 2 columns").wait_for()
        page.get_by_text("A few rows of class common").click()
        assert page.evaluate(FAULTS) == []
        page.get_by_role("button", name="2. Train").click()
        page.get_by_role("button", name="1. Data").click()
        page.get_by_text("held out to test, 2 columns").wait_for()
        page.get_by_text("How to read the columns", exact=True).click()
        assert page.get_by_label("weight", exact=True).input_value() == "ignored"
    assert project.rows.about["source"]["read"] == {
        "categories": ["size"],
        "ignored": ["weight"],
        "missing": ["", "plain"],
    }
    assert project.rows.X["=cmd()"].isna().any()


def test_the_keyboard_is_enough(chromium, studio):
    address, project = studio

    with opened(chromium, address) as page:

        def go_to(name, n=60):
            """Press Tab until the control with this name has the focus."""
            for _ in range(n):
                page.keyboard.press("Tab")
                found = page.evaluate(
                    "() => { const e = document.activeElement; return e.getAttribute('aria-label')"
                    " || e.labels?.[0]?.textContent || e.textContent; }"
                )
                if found.startswith(name):
                    return
            raise AssertionError(f"{name} cannot be reached")

        page.get_by_role("button", name="Open").wait_for()
        go_to("Open")
        page.keyboard.press("Enter")
        page.get_by_text("412 images").wait_for()
        go_to("Go on to Train")
        page.keyboard.press("Enter")
        go_to("How long")
        page.keyboard.type("1")
        page.keyboard.press("Enter")  # sends the form
        page.get_by_role("button", name="Go on to Codes").wait_for()
        go_to("Go on to Codes")
        page.keyboard.press("Enter")
        page.locator(".grid img").first.wait_for()
        go_to("Value of code_1")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        page.get_by_alt_text("code_1 0.05", exact=False).first.wait_for()
        go_to("code_1 leads to code_2")
        page.keyboard.press("Space")
        page.get_by_role("img", name="code_1 leads to code_2").wait_for()
        page.keyboard.press("Shift+Tab")
        go_to("4. Curate", 80)
        page.keyboard.press("Enter")
        page.locator(".gallery img").first.wait_for()
        for key in ("ArrowRight", "ArrowLeft", "u", "ArrowDown", "ArrowRight"):
            page.keyboard.press(key)
        page.get_by_text("2 accepted, 0 rejected").wait_for()
        page.locator("#counter[data-saved='2']").wait_for()
    assert [len(p.accepted) for p in project.proposals] == [2]
