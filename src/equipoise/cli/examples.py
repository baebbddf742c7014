"""Examples in the help of every command, and the help of all commands in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

# Commands of the program by what they are for, in the order of the help.
GROUPS = {
    "To begin with": ("demo", "datasets", "studio"),
    "Tables": ("evaluate", "predict", "resample"),
    "Methods": ("dgc", "imsic"),
    "Research": ("bench",),
}
EXAMPLES: Mapping[str, Sequence[str]] = {
    "demo": ("demo", "demo --seed 3 --out my-demo"),
    "datasets": ("datasets", "datasets mnist --protocol exponential:100"),
    "studio": ("studio photos/", "studio table.csv", "studio"),
    "evaluate": (
        "evaluate table.csv --target churn",
        "evaluate table.csv --target churn --save best --plot verdict.png",
    ),
    "predict": ("predict best other.csv", "predict best other.csv --out predictions.csv"),
    "resample": (
        "resample table.csv more.csv --target churn",
        "resample table.csv more.csv --target churn --mark-column synthetic",
    ),
    "dgc train": (
        "dgc train --dataset mnist --seed 1",
        "dgc train --dataset folder --data-dir photos --image-size 64",
    ),
    "dgc evaluate": ("dgc evaluate runs/dgc-mnist-seed1",),
    "dgc generate": ("dgc generate runs/dgc-mnist-seed1 --label 9 --n 64 nines.png",),
    "dgc predict": ("dgc predict RUN a.png b.png --out labels.csv",),
    "imsic train-gan": (
        "imsic train-gan --dataset mnist --seed 1",
        'imsic train-gan --dataset mnist --n-codes 3 --structure "0>2,1>2"',
    ),
    "imsic sample": ("imsic sample RUN --label 9 --codes code_1=.8 nines.png",),
    "imsic traverse": ("imsic traverse runs/imsic-gan-mnist-seed1 codes.png",),
    "imsic train-classifier": (
        "imsic train-classifier --gan runs/imsic-gan-mnist-seed1",
        "imsic train-classifier --gan RUN --sampling-strategy 9=1000,8=500",
    ),
    "imsic predict": ("imsic predict RUN a.png b.png",),
    "imsic grid-search": ("imsic grid-search --dataset digits --grid structure_weight=.1,.5",),
    "imsic evaluate": ("imsic evaluate runs/imsic-gan-mnist-seed1",),
    "bench run": (
        "bench run benchmarks/digits.toml --jobs 2",
        "bench run benchmarks/digits.toml --seeds 1-5 --methods plain,dgc",
    ),
    "bench list": ("bench list", "bench list --folder my-experiments"),
    "bench show": ("bench show benchmarks/digits.toml",),
    "bench pack": ("bench pack benchmarks/digits.toml",),
    "bench report": ("bench report benchmarks/digits.toml --out page.html",),
}


def examples(command: str) -> str:
    """The end of a command's help."""
    # The first line tells click to keep the others as they are.
    return "\n".join(["\b", "Examples:", *(f"  equipoise {line}" for line in EXAMPLES[command])])


class GroupedCommands(TyperGroup):
    """The program, whose help lists its commands in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a list of commands for each group."""
        longest = max(map(len, self.commands)) + 6
        for title, names in GROUPS.items():
            commands = {name: self.commands[name] for name in names}
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name, command.get_short_help_str(formatter.width - longest))
                        for name, command in commands.items()
                    ],
                    col_max=longest,
                )


def add(app: typer.Typer, prefix: str, name: str, command: Any, **options: Any) -> None:
    """Add a command to a group of commands, with its examples below its help."""
    app.command(name, epilog=examples(f"{prefix} {name}".strip()), **options)(command)
