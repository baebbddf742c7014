"""Kill the server of the studio (-9) in each of the five steps, and say what was lost.

    python benchmarks/studio_kill.py --out benchmarks/results/studio_kill.json

It needs equipoise[studio] and takes some minutes on digits, which need no download. A killed server
is started again on the same runs, and the run is opened as a person would.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

EPOCHS, DECISIONS = 8, 30
NAME, EDGES = "slant", [[0, 1]]


class Studio:
    """A studio in a process of its own, and a page that asks it."""

    def __init__(self, folder: Path) -> None:
        words = ["-m", "equipoise", "studio", "--no-browser", "--port", "0"]
        self.process = subprocess.Popen(
            [sys.executable, *words], cwd=folder, stderr=subprocess.PIPE, text=True
        )
        self.process.stderr.readline()  # says that it takes some seconds
        self.address = self.process.stderr.readline().split()[4]

    def ask(self, request_name: str, /, **body):
        request = urllib.request.Request(
            f"{self.address}/api/{request_name}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Page": "benchmark"},
        )
        with urllib.request.urlopen(request) as response:
            found = json.load(response)
        if "error" in found:
            raise RuntimeError(found["error"])
        return found["answer"]

    def job(self):
        with urllib.request.urlopen(f"{self.address}/api/state") as response:
            return json.load(response)["answer"]["job"]

    def wait_for(self, condition) -> None:
        while not condition(self):
            time.sleep(0.05)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = walk(Path(folder))
    for step, said in found.items():
        print(f"{step:<8} {said}")
    if options.out:
        options.out.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def walk(folder: Path) -> dict[str, str]:
    """Kill the server in each step and compare what there was with what there is."""
    found = {}
    studio = Studio(folder)

    def again() -> None:
        nonlocal studio
        studio.kill()
        studio = Studio(folder)
        for source in studio.ask("sources"):
            if source["kind"] == "run":
                studio.ask("open", kind="run", name=source["name"])

    try:
        studio.ask("open", kind="builtin", name="digits")
        again()
        left = sorted(str(path) for path in folder.rglob("*") if path.is_file())
        kept = [name for name in left if not name.endswith(".lock")]
        found["data"] = said(not kept, "nothing but the choice of the data", f"left {kept}")

        studio.ask("open", kind="builtin", name="digits")
        studio.ask("train", epochs=EPOCHS, n_codes=2)
        studio.wait_for(lambda one: (one.ask("progress") or {}).get("share", 0) > 2.5 / EPOCHS)
        share = EPOCHS * studio.ask("progress")["share"]
        again()
        assert studio.job()["running"]  # by itself
        studio.wait_for(lambda one: "epoch" in one.ask("progress"))
        first = studio.ask("progress")["epoch"]
        studio.wait_for(lambda one: not one.job()["running"])
        history = studio.ask("progress")["history"]
        found["train"] = said(
            [line["epoch"] for line in history] == list(range(1, EPOCHS + 1)),
            f"{share - first:.1f} epochs of work: killed after {share:.1f} epochs, went on by "
            f"itself after {first}",
            "the history is not whole",
        )

        studio.ask("rename", code=0, name=NAME)
        studio.ask("structure", edges=EDGES)
        again()
        codes = studio.ask("codes")
        is_kept = codes["names"][0] == NAME and codes["edges"] == EDGES
        found["codes"] = said(is_kept, "nothing: the name and the edge are there", str(codes))

        shown = studio.ask("propose", **{"class": "9"})
        for i, line in enumerate(shown["candidates"][:DECISIONS]):
            line["decision"] = "rejected" if i % 3 == 0 else "accepted"
            one = {str(line["index"]): line["decision"]}
            studio.ask("judge", **{"class": "9"}, seed=shown["seed"], decisions=one)
        again()
        is_kept = studio.ask("propose", **{"class": "9"}) == shown
        kept = f"nothing: the {DECISIONS} decisions and the same candidates are there"
        found["curate"] = said(is_kept, kept, "the candidates differ")

        plan = studio.ask("plan")
        sizes = {one["name"]: one["size"] for one in plan["classes"]}
        studio.ask("choose", sizes=sizes, classifier=plan["classifier"])
        studio.ask("compare")
        studio.wait_for(lambda one: (one.ask("progress") or {}).get("share", 0) > 0)
        again()
        is_kept = studio.ask("plan") == plan and studio.job() is None
        kept = "the comparison that was going on; sizes and classifier are there"
        found["balance"] = said(is_kept, kept, "the choices differ")
    finally:
        studio.kill()
    return found


def said(is_as_expected: bool, lost: str, otherwise: str) -> str:
    """What was lost in a step."""
    return f"lost: {lost}" if is_as_expected else f"UNEXPECTED: {otherwise}"


if __name__ == "__main__":
    main()
