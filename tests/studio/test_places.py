"""A folder of images, and a page that other machines may open, in a real browser."""

import socket

import numpy as np
import pytest
from PIL import Image

from .conftest import opened, serving

CLASSES = {"<b>ring<": 30, "dot & co": 12}


def image_folder(folder, sizes=((12, 12),)):
    """Bright and dark colour images in a folder per class."""
    random = np.random.default_rng(0)
    for value, (name, n) in enumerate(CLASSES.items()):
        (folder / name).mkdir(parents=True)
        for i in range(n):
            pixels = random.integers(0, 60, (*sizes[i % len(sizes)], 3)) + 150 * value
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{i}.png")


def test_an_image_folder_from_the_data_to_the_export(chromium, tmp_path):
    image_folder(tmp_path / "tiles", sizes=[(12, 12), (10, 14)])
    with (
        serving([tmp_path / "tiles"], tmp_path / "runs") as (address, project),
        opened(chromium, address) as page,
    ):

        def button(name):
            return page.get_by_role("button", name=name)

        page.get_by_label("What to open").select_option(label="tiles")
        button("Open").click()
        page.get_by_role("alert").filter(has_text="Resize to").wait_for()
        page.get_by_label("Resize to").fill("12")
        button("Open").click()
        page.get_by_alt_text("Real image 1 of class dot & co").wait_for()
        button("Go on to Train").click()
        page.get_by_label("How long").fill("1")
        button("Train a new model").click()
        button("Go on to Codes").click()
        page.locator(".grid img").first.wait_for()
        button("4. Curate").click()
        page.locator(".gallery img").first.wait_for()
        page.keyboard.press("ArrowRight")
        page.locator("#counter[data-saved='1']").wait_for()
        button("5. Balance").click()
        button("Write the files").click()
        page.get_by_text("IMSIC.load").wait_for()
        folders = project.run.path / "export" / "balanced"
        assert sorted(path.name for path in folders.iterdir()) == ["_b_ring_", "dot & co"]
        assert len(list(folders.rglob("synthetic-*.png"))) == 1


def own_address():
    """The address of this machine in its network, or one of the loopback that has no name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.2"


@pytest.fixture
def studio_for_all(tmp_path):
    """A studio that listens on all addresses, asked under one that is not the loopback."""
    with serving([], tmp_path / "runs", "0.0.0.0", "köl:n") as (address, project):
        yield address.replace("127.0.0.1", own_address()), project


def test_other_machines_need_the_password(chromium, studio_for_all):
    address, _ = studio_for_all
    context = chromium.new_context()
    assert context.request.get(address).status == 401
    context.close()
    with opened(chromium, address, http_credentials={"username": "", "password": "köl:n"}) as page:
        page.get_by_role("button", name="Open").click()
        page.get_by_text("412 images").wait_for()
        page.reload()
        page.get_by_text("412 images").wait_for()
