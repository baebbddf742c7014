"""Read many damaged files with every reader, and count what comes out.

``python benchmarks/damaged_files.py --inputs 100000`` runs the loops of tests/test_damaged_files.py
for longer, each reader in a process of its own, and stores the counts in
results/damaged_files.json. A clear error is one that the reader announces; any other exception is
counted as raw, and its file is not looked for again.
"""

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "benchmarks" / "results" / "damaged_files.json"
HANG = 10.0  # seconds
CHUNK = 1000  # inputs of a process, which a crash ends
READERS = {
    "idx": ("test_idx_files",),
    "mat": ("test_matlab_files",),
    "zip": ("test_zip_files_of_images",),
    "params.json and safetensors": ("test_saved_models", "ConvNetClassifier"),
    "checkpoint": ("test_checkpoints",),
    "TOML": ("test_experiment_files",),
    "records": ("test_stored_records",),
    "run.json": ("test_records_of_runs",),
    "CSV": ("test_csv_files",),
}


class EnoughError(Exception):
    """Ends the loop of a test after the wanted number of inputs."""


def read_damaged(names: tuple[str, ...], seed: int, inputs: int, path: Path) -> None:
    """Run the loop of a test, and write after every input what has come out so far."""
    sys.path.insert(0, str(ROOT / "tests"))
    import test_damaged_files as tests

    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    raw: Counter[str] = Counter()

    def survives(read, *errors):
        if counts["inputs"] >= inputs:
            raise EnoughError
        start, found = time.perf_counter(), None
        counts["inputs"] += 1
        try:
            found = read()
            counts["accepted"] += 1
        except errors:
            counts["clear errors"] += 1
        except Exception as error:
            counts["raw errors"] += 1
            raw[f"{type(error).__name__}: {error}"[:200]] += 1
        counts["hangs over 10 s"] += time.perf_counter() - start > HANG
        return found

    tests.survives, tests.MUTATIONS = survives, inputs
    arguments = [getattr(tests, name) if name[0] != "C" else None for name in names]
    if names[1:]:
        from equipoise import ConvNetClassifier

        arguments[1] = ConvNetClassifier
    test, *more = arguments
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(Path(folder), random.Random(seed), *more)
        except EnoughError:
            pass
        except Exception as error:  # an accepted file that fails when it is used
            raw[f"used: {type(error).__name__}: {error}"[:200]] += 1
            counts["raw errors"] += 1
    gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    path.write_text(json.dumps({"counts": counts, "raw": raw, "GiB": gib}))


def main() -> None:
    """Count for every reader, and store the counts after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000, help="for each reader")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each reader")
    options = parser.parse_args()
    context, result = multiprocessing.get_context("spawn"), {}
    for reader, names in READERS.items():
        total, raw, peak, start = (
            Counter({"crashes": 0, "over 1 GiB": 0}),
            Counter(),
            0.0,
            time.time(),
        )
        seed, left = 100, options.inputs
        while left > 0 and time.time() - start < options.seconds:
            with tempfile.TemporaryDirectory() as folder:
                path, size = Path(folder) / "counts.json", min(CHUNK, left)
                child = context.Process(target=read_damaged, args=(names, seed, size, path))
                child.start()
                child.join()
                if path.exists():
                    part = json.loads(path.read_text())
                    total.update(part["counts"])
                    raw.update(part["raw"])
                    peak = max(peak, part["GiB"])
                    total["over 1 GiB"] += part["GiB"] > 1
                else:
                    total["crashes"] += 1
            seed, left = seed + 1, left - size
        seconds = round(time.time() - start, 1)
        result[reader] = {**total, "seconds": seconds, "peak GiB": round(peak, 2), "raw": dict(raw)}
        print(reader, result[reader], flush=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
