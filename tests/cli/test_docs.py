"""The commands that the documentation shows exist, with these options."""

import re
import shlex
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ["command-line.rst", "migration.rst", "benchmark.rst", "studio.rst"]


def commands(page):
    """All commands of a page, on one line each, without their comments."""
    text = (DOCS / page).read_text(encoding="utf-8").replace(" \\\n", " ")
    shown = re.findall(r"^   (equipoise .*)$", text, re.M)
    inline = [re.sub(r"\s+", " ", found) for found in re.findall(r"``(equipoise [^`]+)``", text)]
    return [shlex.split(command.split("  #")[0])[1:] for command in shown + inline]


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(call, page):
    found = commands(page)
    assert len(found) > 3
    helps = {}
    for words in found:
        path = tuple(words[:2] if words[0] in ("dgc", "imsic", "bench") else words[:1])
        if path not in helps:
            helps[path] = call(*path, "--help")
        assert helps[path].code == 0, words
        options = [word.split("=")[0] for word in words if word.startswith("--")]
        for option in options:
            assert re.search(rf"{option}\b", helps[path].out), (option, words)


def test_commands_of_the_migration_page_do_not_share_a_run_folder():
    folders = []
    for words in commands("migration.rst"):
        if len(words) > 1 and words[1].startswith("train"):
            given = dict(zip(words, [*words[1:], ""], strict=True))
            usual = (*words[:2], given.get("--dataset"), given.get("--preset"), given.get("--seed"))
            folders.append(given.get("--out", usual))
    assert len(folders) > 5
    assert len(set(folders)) == len(folders)
