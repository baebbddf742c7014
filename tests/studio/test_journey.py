"""The whole journey in a real browser, on images and on a table."""

import json
import re

import numpy as np
import pandas as pd

from equipoise import IMSIC, ConvNetClassifier
from equipoise.studio import balance
from equipoise.studio.pen import SILENCE

from .conftest import EVIL, opened


def button(page, name):
    return page.get_by_role("button", name=name)


def train(page, epochs):
    button(page, "Go on to Train").click()
    page.get_by_label("How long").fill(str(epochs))
    button(page, "Train a new model").click()
    button(page, "Go on to Codes").click()


def saved(page, n):
    """Wait until so many decisions are on disk."""
    page.locator(f"#counter[data-saved='{n}']").wait_for()


def test_digits_from_the_data_to_the_export(chromium, studio, call_sample, monkeypatch):
    address, project = studio
    quick = {"plain network": ConvNetClassifier(max_epochs=1)}
    monkeypatch.setattr(balance, "classifiers", lambda is_table: quick)
    with opened(chromium, address) as page:
        button(page, "Open").click()
        page.get_by_text("412 images to train on").wait_for()
        assert page.get_by_alt_text("Real image 1 of class 9").is_visible()
        train(page, 2)

        # Codes: a slider redraws, a name and an edge are kept, a cycle is refused.
        page.get_by_label("Value of code_1").fill("1")
        page.get_by_alt_text(re.compile(r"class 9, .* sure; code_1 1,")).wait_for()
        page.get_by_label("Name of code 1").fill("slant")
        page.get_by_label("Name of code 1").press("Enter")
        page.get_by_label("slant leads to code_2").check()
        page.get_by_role("status").filter(has_text="The samples").wait_for()
        page.get_by_label("code_2 leads to slant").click()
        page.get_by_text("cycle: slant → code_2 → slant").wait_for()
        assert page.locator(".grid img").count() == 70

        # Curate: by key, by click, and back.
        button(page, "4. Curate").click()
        page.locator(".gallery button").first.wait_for()
        for key in ("ArrowRight", "ArrowLeft", "ArrowRight", "u"):
            page.keyboard.press(key)
        button(page, "Accept →").click()
        button(page, "Reject ←").click()
        saved(page, 4)
        page.get_by_text("2 accepted, 2 rejected, 56 undecided").wait_for()

        # Balance: compare, and write.
        button(page, "5. Balance").click()
        for name in "12345678":
            box = page.get_by_label(f"Rows of class {name}")
            box.fill(box.get_attribute("min"))
        button(page, "Compare").click()
        page.locator("#verdict").wait_for()
        assert "mean recall" in page.locator("#verdict").inner_text()
        page.get_by_label("Format").select_option("npz")
        button(page, "Write the files").click()
        page.get_by_text("IMSIC.load").wait_for()
    run = project.run.path
    decisions = json.loads((run / "model" / "decisions.json").read_text())
    assert decisions["code_names"] == ["slant", "code_2"]
    assert len(decisions["proposals"][0]["accepted"]) == 2
    assert json.loads((run / "choices.json").read_text())["structure"] == [[0, 1]]
    exported = np.load(run / "export" / "balanced.npz")
    assert exported["synthetic"].sum() == 2
    sampler = IMSIC.load(run / "model")
    kept = sampler.accepted_rows(9)
    np.testing.assert_array_equal(exported["X"][exported["synthetic"]], kept)
    np.testing.assert_array_equal(call_sample(run, "npz", "--label", "9")["X"], kept)


def test_a_table_with_names_that_would_do_harm(chromium, studio, call_sample):
    address, project = studio
    with opened(chromium, address) as page:
        page.get_by_label("What to open").select_option(label="data/parts.csv")
        page.get_by_label("Column with the classes").select_option("kind")
        button(page, "Open").click()
        page.get_by_text("96 rows to train on").wait_for()
        train(page, 3)
        page.get_by_role("img", name=re.compile("^Mean of")).first.wait_for()
        page.get_by_role("status").filter(has_text="The samples").wait_for()
        button(page, "4. Curate").click()
        page.get_by_label("Smallest confidence").fill("0")
        button(page, "Decide the rest").click()
        page.get_by_text("0 undecided").wait_for()
        button(page, "5. Balance").click()
        button(page, "Compare").click()
        page.locator("#verdict").wait_for()
        button(page, "Write the files").click()
        page.get_by_text("have an apostrophe before them").wait_for()
    run = project.run.path
    rows = pd.read_csv(run / "export" / "balanced.csv")
    assert list(rows) == ["size", "'=cmd()", "weight", "kind", "synthetic"]
    assert set(rows["'=cmd()"]) <= {"'=1+1", "plain"}
    assert set(rows.loc[rows["synthetic"], "kind"]) == {EVIL}
    assert set(call_sample(run, "csv", "--label", EVIL)["kind"]) == {EVIL}


def test_a_training_can_be_stopped_and_goes_on(chromium, studio):
    address, project = studio
    with opened(chromium, address) as page:
        button(page, "Open").click()
        button(page, "Go on to Train").click()
        page.get_by_label("How long").fill("30")
        button(page, "Train a new model").click()
        page.get_by_text(re.compile("[1-9] of 30 epochs done")).wait_for()
        assert page.get_by_alt_text(re.compile("Synthetic image 1 of class 9")).is_visible()
        button(page, "Stop").click()
        page.get_by_text("This training was stopped").wait_for()
        assert project.run.status == "interrupted" and project.model is not None
        button(page, "Continue").click()
        page.get_by_text("The model is trained: 30 epochs").wait_for()
        button(page, "2. Train").click()  # the way on is there at every return
        button(page, "Go on to Codes").wait_for()
        assert len(project.model.history_) == 30

        # Train on from there, with an edge, in a run of its own.
        first = project.run.path
        button(page, "3. Codes").click()
        page.get_by_label("code_1 leads to code_2").check()
        page.locator("section").get_by_label("How long").fill("1")
        button(page, "Train on").click()
        page.get_by_text("The model is trained: 1 epoch.").wait_for()
    assert project.run.path != first and first.is_dir()
    assert project.run.record["continues"] == first.name
    assert project.model.structure_.edges == ((0, 1),)
    assert len(project.model.history_) == 31


def test_errors_are_told_in_their_step(chromium, studio):
    address, _ = studio
    with opened(chromium, address) as page:
        button(page, "3. Codes").click()
        page.get_by_role("alert").filter(has_text="There is no model yet").wait_for()
        button(page, "1. Data").click()
        page.get_by_label("What to open").select_option(label="data/parts.csv")
        page.get_by_label("Column with the classes").select_option("size")
        button(page, "Open").click()
        page.get_by_role("alert").filter(has_text="measurements, not classes").wait_for()
        page.get_by_label("Column with the classes").select_option("kind")
        button(page, "Open").click()
        page.get_by_text("96 rows to train on").wait_for()
        assert page.get_by_role("alert").count() == 0


def may_change(page):
    page.get_by_text("412 images").wait_for()  # the page has heard whether it may
    page.locator("#notice").wait_for(state="hidden", timeout=SILENCE * 1000 / 2)
    with page.expect_response("**/api/open") as opening:
        button(page, "Open").click()
    assert "error" not in opening.value.json()


def test_a_second_page_can_only_look(chromium, studio):
    address, project = studio
    with opened(chromium, address) as first:
        button(first, "Open").click()
        first.get_by_text("412 images").wait_for()
        with opened(chromium, address) as second:
            second.get_by_text("can look, but change nothing").wait_for()
            second.get_by_text("412 images").wait_for()
            button(second, "Open").click()
            second.get_by_role("alert").filter(has_text="can only look").wait_for()
            first.close()  # it says so, and the next page need not wait until SILENCE is over
            may_change(second)
            second.close()
            with opened(chromium, address) as third:
                may_change(third)
