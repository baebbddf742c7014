"""`import equipoise` and `equipoise --help` answer at once: neither loads torch."""

import ast
import importlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import equipoise

HEAVY = {"imblearn", "matplotlib", "numpy", "pandas", "PIL", "scipy", "sklearn", "torch"}
PUBLIC = sorted(set(equipoise.__all__) - {"__version__"})


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=True
    )


def cpu_seconds(*arguments: str) -> float:
    """What a Python process costs, the best of three; other work on the machine hardly counts."""

    def once() -> float:
        before = os.times()
        run(*arguments)
        after = os.times()
        user = after.children_user - before.children_user
        return user + after.children_system - before.children_system

    return min(once() for _ in range(3))


def imported_by(*arguments: str) -> set[str]:
    """Top-level packages that a Python process loads."""
    lines = run("-X", "importtime", *arguments).stderr.splitlines()
    return {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in lines if "|" in line}


def test_import_loads_nothing_heavy():
    assert not imported_by("-c", "import equipoise") & HEAVY


def test_import_is_fast():
    assert cpu_seconds("-c", "import equipoise") < 0.5


def test_help_loads_no_torch():
    assert "torch" not in imported_by("-m", "equipoise", "--help")


def test_help_is_fast():
    # About 0.15 s measured: the margin is for slower machines.
    assert cpu_seconds("-m", "equipoise", "--help") < 1


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_its_homes(name):
    home = importlib.import_module(equipoise._HOMES[name])
    assert getattr(equipoise, name) is getattr(home, name)


def test_public_names_are_listed_before_they_are_loaded():
    listed = run("-c", "import equipoise; print(*dir(equipoise))").stdout.split()
    assert set(equipoise.__all__) <= set(listed)


def test_type_checkers_and_users_see_the_same_names():
    tree = ast.parse(Path(equipoise.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body for alias in node.names}
    assert seen == equipoise._HOMES
    assert sorted(seen) == PUBLIC


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Perpetuum'"):
        equipoise.Perpetuum  # noqa: B018


def test_version_is_the_installed_one():
    assert version("equipoise") == equipoise.__version__
