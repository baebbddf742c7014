"""Kill commands (-9) at random moments, go on, and compare with undisturbed runs.

    python benchmarks/kills.py --kills 50

Trainings of both methods, an experiment, a resampling and the training of the studio, on small data
that need no download. After every kill it looks for processes that live on; what was stored must
not become less than before, and a checkpoint must be at most one epoch behind the history. A
command is killed and started again until it ends by itself; its results must then be those of the
undisturbed run, and there must be no other files. The counts go to results/kills.json after every
command.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from studio_kill import Studio

RESULT = Path(__file__).parent / "results" / "kills.json"
EPOCHS, STUDIO_EPOCHS = 10, 12
ORPHANS_END = 10.0  # seconds that the children of a killed process have to end
TIMES = {"seconds", "fit_seconds", "predict_seconds", "sampler_seconds"}
FILE = """
datasets = ["sklearn:wine"]
seeds = [1, 2]
reference = "logistic"
[protocol]
folds = 3
[methods.logistic]
class = "sklearn.linear_model.LogisticRegression"
[methods.dgc]
class = "equipoise.DGCClassifier"
params = { max_epochs = 3 }
"""
GAN = ["imsic", "train-gan", "--dataset", "digits", "--max-epochs", str(EPOCHS), "--out", "run"]
COMMANDS = {
    "dgc train": [
        "dgc",
        "train",
        "--dataset",
        "digits",
        "--max-epochs",
        str(EPOCHS),
        "--out",
        "run",
    ],
    "imsic train-gan": GAN,
    "bench run": ["bench", "run", "file.toml"],
    "resample": ["resample", "in.csv", "out.csv", "--target", "y"],
}
SHARE = {"dgc train": 0.26, "imsic train-gan": 0.2, "bench run": 0.2, "resample": 0.2}


def prepare(folder: Path) -> None:
    """Write what the commands read."""
    folder.mkdir()
    (folder / "file.toml").write_text(FILE)
    numbers = np.random.default_rng(0)
    rows = pd.DataFrame({"a": numbers.normal(size=400), "b": numbers.choice(["u", "v"], 400)})
    rows["y"] = np.where(numbers.random(400) < 0.15, "ill", "well")
    rows.to_csv(folder / "in.csv", index=False)


def start(words: list[str], folder: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "equipoise", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=(folder.parent / "said.txt").open("w"),
    )


def without_times(value):
    """Stored JSON without what differs between two runs of the same: times."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def results(folder: Path) -> dict[str, object]:
    """What a command has made, file by file, as far as two runs of it must agree."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or path.name == ".lock":
            continue
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                found[name] = {key: arrays[key].tolist() for key in arrays}
        elif path.name == "history.jsonl":
            found[name] = [without_times(json.loads(line)) for line in path.open()]
        elif path.name == "metrics.json":
            found[name] = without_times(json.loads(path.read_text()))
        elif path.suffix == ".json" and "results" in path.parts:
            record = json.loads(path.read_text())
            found[name] = {key: record[key] for key in ("status", "metrics", "error")}
        elif path.suffix in (".safetensors", ".csv"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:  # run.json and pictures: with dates or versions of their own
            found[name] = "there"
    return found


def stored(folder: Path) -> int:
    """How many epochs, or jobs, are stored; an unfinished resampling stores nothing."""
    history = folder / "run" / "history.jsonl"
    if history.is_file():
        return len(history.read_text().splitlines())
    return len(list(folder.glob("results/**/*.json")))


def epochs_behind(folder: Path) -> int:
    """By how many epochs the checkpoint is behind the history."""
    if not (path := folder / "run" / "checkpoint.pt").is_file():
        return stored(folder) if (folder / "run").is_dir() else 0
    return stored(folder) - int(torch.load(path, weights_only=True)["epoch"])


def orphans(tag: str) -> int:
    """Processes of a killed command that have not ended some seconds later."""
    end, mark = time.time() + ORPHANS_END, f"KILLS={tag}".encode()
    while True:
        alive = 0
        for path in Path("/proc").glob("[0-9]*"):
            try:
                is_zombie = path.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
                is_ours = mark in path.joinpath("environ").read_bytes().split(b"\0")
            except OSError:
                continue
            alive += is_ours and not is_zombie and int(path.name) != os.getpid()
        if not alive or time.time() > end:
            return alive
        time.sleep(0.1)


def compare(expected: dict[str, object], found: dict[str, object], counts: Counter) -> None:
    counts["ended by themselves"] += 1
    counts["other files"] += set(found) != set(expected)
    differing = [name for name in expected if found.get(name) != expected[name]]
    counts["other results"] += bool(differing)
    for name in differing:
        print("  differs:", name, flush=True)


def kill_command(name: str, kills: int, folder: Path, moments: random.Random) -> Counter:
    """Kill a command so many times, and start it again until it ends."""
    words, counts = COMMANDS[name], Counter()
    prepare(folder / "undisturbed")
    began = time.time()
    assert start(words, folder / "undisturbed").wait() == 0, (folder / "said.txt").read_text()
    whole = time.time() - began
    expected, here = results(folder / "undisturbed"), None
    while counts["kills"] < kills or here is not None:
        if here is None:
            here = folder / f"killed-{counts['ended by themselves']}"
            prepare(here)
        before, tag = stored(here), uuid.uuid4().hex
        os.environ["KILLS"] = tag
        process = start(words, here)
        try:
            # Once there are kills enough, the last run ends.
            patience = moments.uniform(0.2, 1) * whole if counts["kills"] < kills else 600
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            counts["kills"] += 1
            counts["with orphans"] += orphans(tag) > 0
            counts["stored work lost"] += stored(here) < before
            counts["more than an epoch behind"] += epochs_behind(here) > 1
            if name == "resample" and (out := here / "out.csv").exists():
                counts["half-written"] += results(here)["out.csv"] != expected["out.csv"]
                out.unlink()
            record = here / "run" / "run.json"
            if record.is_file() and json.loads(record.read_text())["status"] == "finished":
                compare(expected, results(here), counts)  # killed while it ended
                here = None
        else:
            counts["failed to go on"] += code != 0
            if code:
                print((folder / "said.txt").read_text(), flush=True)
            compare(expected, results(here), counts)
            here = None
    return counts


def kill_studio(kills: int, folder: Path, moments: random.Random) -> Counter:
    """Kill the studio while it trains, and open the run again; a run goes on by itself."""
    counts, expected = Counter(), None
    while counts["kills"] < kills or expected is None:
        here = Path(tempfile.mkdtemp(dir=folder))
        studio = Studio(here)
        studio.ask("open", kind="builtin", name="digits")
        studio.ask("train", epochs=STUDIO_EPOCHS, n_codes=2)
        while expected is not None and counts["kills"] < kills:
            share = (studio.ask("progress") or {}).get("share", 0)
            until = min(1.0, share + moments.uniform(0.05, 0.5))
            while studio.job()["running"]:
                if (studio.ask("progress") or {}).get("share", 0) >= until:
                    break
                time.sleep(0.05)
            if not studio.job()["running"]:
                break
            done = len(studio.ask("progress").get("history", []))
            studio.kill()
            counts["kills"] += 1
            counts["with orphans"] += orphans(os.environ["KILLS"]) > 0
            studio = Studio(here)
            for source in studio.ask("sources"):
                if source["kind"] == "run":
                    studio.ask("open", kind="run", name=source["name"])
            studio.wait_for(lambda one: one.job() and "history" in (one.ask("progress") or {}))
            counts["more than an epoch behind"] += done - len(studio.ask("progress")["history"]) > 1
        studio.wait_for(lambda one: not one.job()["running"])
        studio.kill()
        found = results(here)
        if expected is None:
            expected = found
        else:
            compare(expected, found, counts)
    return counts


def main() -> None:
    """Kill every command its share of the times, and store the counts after each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    moments, all_counts, left = random.Random(0), {}, options.kills
    bad = ("with orphans", "stored work lost", "more than an epoch behind", "half-written")
    bad += ("failed to go on", "other files", "other results", "temporary files left")
    with tempfile.TemporaryDirectory() as name:
        folder, temporary = Path(name), Path(name) / "temporary"
        temporary.mkdir()
        os.environ |= {"TMPDIR": str(temporary), "KILLS": uuid.uuid4().hex}
        for command in [*COMMANDS, "studio"]:
            began, n = time.time(), round(options.kills * SHARE.get(command, 0))
            place = folder / command.replace(" ", "-")
            place.mkdir()
            if command == "studio":
                counts = kill_studio(left, place, moments)
            else:
                counts = kill_command(command, n, place, moments)
            left -= n
            of_torch = "torchinductor_"  # an empty folder that every process leaves
            names = [path.name for path in temporary.iterdir()]
            counts["temporary files left"] = sum(not name.startswith(of_torch) for name in names)
            counts = dict.fromkeys(bad, 0) | dict(counts)
            all_counts[command] = counts | {"minutes": round((time.time() - began) / 60, 1)}
            print(command, all_counts[command], flush=True)
            RESULT.write_text(json.dumps(all_counts, indent=2) + "\n")


if __name__ == "__main__":
    main()
