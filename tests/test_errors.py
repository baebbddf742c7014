"""Words of messages."""

import re
from pathlib import Path

import pytest

import equipoise
from equipoise.errors import counted

COUNT_BEFORE_PLURAL = re.compile(
    r"\{(len\([^{}]*\)|n(_\w+)?|\w+\.shape\[\d\])(:,)?\} "
    r"(images|rows|classes|classifiers|columns|files|folds|jobs|features|labels|codes)\b"
)


@pytest.mark.parametrize(("n", "words"), [(0, "0 rows"), (1, "1 row"), (1000, "1,000 rows")])
def test_counts_have_the_right_number(n, words):
    assert counted(n, "row") == words


def test_irregular_plurals():
    assert [counted(n, "class", "classes") for n in (1, 2)] == ["1 class", "2 classes"]


def test_messages_count_with_it():
    """A count right before a plural noun reads "1 rows" some day."""
    folder = Path(equipoise.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in sorted(folder.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if COUNT_BEFORE_PLURAL.search(line) and 'f"' in line
    ]
    assert found == []
