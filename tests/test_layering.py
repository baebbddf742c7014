"""Who may import whom, as docs/architecture.rst draws it, checked on the imports in the files.

Imports inside functions count; those under ``if TYPE_CHECKING:`` do not, since they never run.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "equipoise"

# A room is a folder or a file directly in src/equipoise.
LAYERED_METHODS = {"classifiers", "dgc", "imsic"}
METHODS = LAYERED_METHODS | {"baselines"}  # baselines are independent files
FOUNDATION = {"errors", "metrics", "networks", "parameters", "preprocessing", "training"}
FOR_METHODS = FOUNDATION | {
    *("base", "base_classifier", "base_sampler", "inputs", "persistence", "polars"),
}

# room -> the other rooms that it may import. A room that is not here may not exist.
ALLOWED = {
    "errors": set(),
    "atomic": set(),
    "columns": set(),
    "polars": set(),
    "networks": {"errors"},
    "metrics": {"errors"},
    "parameters": {"errors"},
    "preprocessing": {"columns", "errors"},
    "datasets": {"atomic", "errors", "preprocessing"},
    "training": {"atomic", "errors", "metrics", "preprocessing"},
    "inputs": {"errors", "polars", "preprocessing"},
    "persistence": {"errors", "preprocessing"},
    "dataloader": {"errors", "inputs", "polars"},
    "base": FOUNDATION | {"inputs", "persistence", "polars"},
    "base_classifier": FOUNDATION | {"base", "polars"},
    "base_sampler": FOUNDATION | {"base", "inputs", "polars"},
    "generative": {"base_sampler", "errors", "inputs", "parameters", "polars"},
    **{method: FOR_METHODS | {"report"} for method in METHODS},
    "report": {"atomic", "errors", "metrics"},
    "evaluation": {
        "columns",
        "errors",
        "metrics",
        "parameters",
        "polars",
        "preprocessing",
        "report",
    },
    "benchmark": FOR_METHODS | METHODS | {"atomic", "datasets", "evaluation"},
    "studio": FOR_METHODS | METHODS | {"datasets", "report"},
    "cli": FOR_METHODS
    | METHODS
    | {"atomic", "benchmark", "datasets", "evaluation", "generative", "report"},
    "__init__": set(),
    "__main__": {"cli"},
}

# Inside a layered method's folder: file -> the files beside it that it may import.
WITHIN_METHOD = {
    "__init__": {"estimator", "pretraining", "prior_correction"},
    "estimator": {
        *("training", "inference", "objective", "network", "sampling", "structure"),
        *("steering", "judging", "generation", "adoption", "alignment", "released"),
    },
    "steering": {"profiles", "sampling", "structure"},
    "judging": {"alignment"},
    "generation": {"network", "sampling", "structure"},
    "adoption": {"alignment", "released", "structure"},
    "training": {"objective", "network", "convolutions", "structure"},
    "inference": {"objective", "network"},
    "sampling": {"network"},
    "released": {"network"},
    "objective": {"structure"},
    "network": {"convolutions"},
    "convolutions": set(),
    "structure": set(),
    "alignment": set(),
    "profiles": set(),
    "pretraining": set(),
    "prior_correction": {"learnt_prior"},
    "learnt_prior": set(),
}


def violations(package: Path) -> list[str]:
    """One line for each import in `package` that the tables above do not allow."""
    found = []
    for path in sorted(package.rglob("*.py")):
        here = path.relative_to(package)
        room = here.parts[0].removesuffix(".py")
        if room not in ALLOWED:
            found.append(f"{here}: no room of this name; give {room!r} a row in ALLOWED")
            continue
        for line, target in imports(path, package):
            reason = objection(here, target)
            if reason:
                found.append(f"{here}:{line} imports {'.'.join((package.name, *target))}: {reason}")
    return found


def objection(here: Path, target: tuple[str, ...]) -> str | None:
    """Why file `here` may not import module `target` (both relative to the package), or None."""
    room, file = here.parts[0].removesuffix(".py"), here.stem
    if target in {(), ("__version__",)}:
        return None
    if target[0] not in ALLOWED:
        return "name the room that defines it"
    if target[0] != room:
        return None if target[0] in ALLOWED[room] else f"{room} may not know {target[0]}"
    if room in LAYERED_METHODS:
        # What is no file of the folder is a name that its __init__ hands out.
        inner = target[1] if len(target) > 1 and target[1] in WITHIN_METHOD else "__init__"
        if inner not in WITHIN_METHOD.get(file, set()):
            return f"within a method, {file} may not know {inner}"
    return None


def imports(path: Path, package: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and target, relative to the package, of each import of the package's own modules."""
    here = (package.name, *path.relative_to(package).parts[:-1])
    for node in running_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else ()
            start += tuple(node.module.split(".")) if node.module else ()
            targets = [(*start, alias.name) for alias in node.names]
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == package.name:
            targets = [(package.name, node.attr)]  # found by the package's own __getattr__
        else:
            continue
        yield from ((node.lineno, target[1:]) for target in targets if target[0] == package.name)


def running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node below `node`, less what stands under ``if TYPE_CHECKING:``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            for other in child.orelse:
                yield other
                yield from running_nodes(other)
            continue
        yield child
        yield from running_nodes(child)


def test_the_package_keeps_to_its_layers():
    assert violations(PACKAGE) == []


FORBIDDEN = {
    "networks/conv.py": "from equipoise.dgc.network import Encoder",
    "metrics/scores.py": "import equipoise.classifiers",
    "datasets/idx.py": "from ..imsic import IMSIC",
    "preprocessing/images.py": "from .. import baselines",
    "training/loop.py": "def late():\n    from equipoise.dgc import DGCClassifier",
    "base.py": "from .dgc import DGCClassifier",
    "errors.py": "from .metrics import acsa",
    "dgc/network.py": "from .objective import loss",
    "dgc/objective.py": "from equipoise.dgc.network import Decoder",
    "dgc/training.py": "from . import estimator",
    "imsic/structure.py": "from equipoise.imsic import IMSIC",
    "imsic/estimator.py": "from equipoise.dgc.network import Encoder",
    "dgc/estimator.py": "from equipoise.classifiers import ConvNetClassifier",
    "classifiers/convnet.py": "from equipoise.baselines.bagan import BAGAN",
    "baselines/bagan.py": "from equipoise import DGCClassifier",
    "baselines/gamo.py": "import equipoise\nequipoise.DGCClassifier()",
    "report/plots.py": "from equipoise.dgc import DGCClassifier",
    "report/page.py": "from equipoise.benchmark import store",
    "benchmark/run.py": "from equipoise.cli import main",
    "studio/app.py": "if True:\n    from equipoise import cli",
    "cli/main.py": "from equipoise import studio",
    "dgc/inference.py": "from .training import Plan",
    "inputs.py": "from equipoise.base_classifier import DeepClassifier",
    "attic/old.py": "",
}

PERMITTED = {
    "__init__.py": "if TYPE_CHECKING:\n    from .dgc import DGCClassifier",
    "__main__.py": "from equipoise.cli import main",
    "metrics/__init__.py": "import numpy\nfrom . import scores\nfrom ..errors import DataError",
    "dgc/__init__.py": "from .estimator import DGCClassifier",
    "dgc/estimator.py": "from .training import train\nfrom . import network\nfrom ..base import B",
    "dgc/training.py": "from equipoise.dgc import objective\nfrom equipoise.training import loop",
    "persistence.py": "import equipoise\nequipoise.__version__",
    "cli/main.py": "from equipoise import __version__\ndef f():\n    from ..dgc import estimator",
}


def write(root: Path, files: dict[str, str]) -> Path:
    package = root / "equipoise"
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return package


@pytest.mark.parametrize("name", FORBIDDEN)
def test_checker_sees(name, tmp_path):
    found = violations(write(tmp_path, {name: FORBIDDEN[name]}))
    assert len(found) == 1, found
    assert found[0].startswith(name)


def test_checker_lets_pass_what_is_allowed(tmp_path):
    assert violations(write(tmp_path, PERMITTED)) == []
