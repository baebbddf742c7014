"""The page and the requests of its steps; each calls one function of its step."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from equipoise.studio import balance, codes, curate, data, train
from equipoise.studio.errors import StudioError
from equipoise.studio.guard import Guard
from equipoise.studio.jobs import in_words
from equipoise.studio.pen import Pen
from equipoise.studio.project import Project

STATIC = Path(__file__).parent / "static"
SECONDS_TO_STOP = 1.2  # that a training has to end and keep its model
Body = dict[str, Any]


def state(project: Project) -> dict[str, Any]:
    """What every step needs to know; small, as pages ask for it every second."""
    run, job = project.run, project.job
    return {
        "open": project.rows is not None,
        "title": project.rows.title if project.rows else "",
        "table": project.rows.is_table if project.rows else False,
        "run": None
        if run is None
        else {
            "name": run.path.name,
            "method": run.method,
            "status": run.status,
            "continues": run.record.get("continues"),
            "epochs": run.record.get("epochs"),
            "checkpoint": run.checkpoint.exists(),
            "held": "" if job and job.running else train.held(run),
        },
        "model": project.model is not None,
        "job": None
        if job is None
        else {"title": job.title, "running": job.running, "error": job.error, "said": job.said},
    }


def open_source(project: Project, body: Body) -> dict[str, Any]:
    """Open what the page asks for, and show it."""
    project.open(str(body["kind"]), str(body["name"]), body)
    said = train.go_on(project)
    found = data.summary(project)
    return found | {"said": [said, *found["said"]]} if said else found


def progress(project: Project, body: Body) -> Any:
    """How the job goes, and its result."""
    job = project.job
    return None if job is None else job.progress | {"result": job.result}


def apply_threshold(project: Project, body: Body) -> dict[str, Any]:
    """Decide on what is obvious among the candidates that are shown."""
    name, seed = str(body["class"]), int(body["seed"])
    shown = curate.propose(project, name, more=False)
    curate.judge(project, name, seed, curate.by_threshold(shown, float(body["least"])))
    return curate.propose(project, name, more=False)


# What a page may ask without the pen, and what only the page with the pen may do.
LOOKING: dict[str, Callable[[Project, Body], Any]] = {
    "sources": lambda p, b: [source.to_dict() for source in p.sources()],
    "summary": lambda p, b: data.summary(p),
    "progress": progress,
    "codes": lambda p, b: codes.overview(p),
    "grid": lambda p, b: codes.grid(p, int(b["code"]), int(b["seed"])),
    "sample": lambda p, b: codes.sample(
        p,
        str(b["class"]),
        [float(v) for v in b["codes"]],
        int(b["seed"]),
        [str(name) for name in b.get("first", [])],
    ),
    "report": lambda p, b: codes.report(p),
    "counts": lambda p, b: curate.counts(p),
    "plan": lambda p, b: balance.plan(p),
}
CHANGING: dict[str, Callable[[Project, Body], Any]] = {
    "open": open_source,
    "train": lambda p, b: train.start(p, b),
    "resume": lambda p, b: train.resume(p),
    "stop": lambda p, b: train.stop(p),
    "rename": lambda p, b: codes.rename(p, int(b["code"]), str(b["name"])),
    "structure": lambda p, b: codes.choose_structure(p, b["edges"]),
    "train-on": lambda p, b: train.continue_with_structure(p, b.get("epochs")),
    "propose": lambda p, b: curate.propose(p, str(b["class"]), bool(b.get("more"))),
    "judge": lambda p, b: curate.judge(
        p,
        str(b["class"]),
        int(b["seed"]),
        {int(i): str(decision) for i, decision in b["decisions"].items()},
    ),
    "threshold": apply_threshold,
    "choose": lambda p, b: balance.choose(
        p, {str(k): int(n) for k, n in b["sizes"].items()}, str(b["classifier"])
    ),
    "compare": lambda p, b: balance.compare(p),
    "export": lambda p, b: balance.export(p, str(b["format"])),
}
WITHOUT_LOCK = ("progress", "stop")  # answered while a step works


def make_app(project: Project, hosts: Sequence[str], password: str | None = None) -> Guard:
    """The application for a server.

    Parameters
    ----------
    project : Project
    hosts : sequence of str
        Names under which it is asked.
    password : str or None
    """
    pen = Pen()

    def page_of(request: Request) -> str:
        return request.headers.get("x-page", "")

    async def ask(request: Request) -> Response:
        """Answer a request of a step: its result, or the error in words."""
        name = request.path_params["name"]
        action = LOOKING.get(name) or CHANGING.get(name)
        if action is None:
            return JSONResponse({"error": f"There is no request {name!r}."}, 404)
        try:
            body = json.loads(await request.body() or b"{}")
            if name in CHANGING and not pen.held_by(page_of(request)):
                raise StudioError(
                    "Another page has this studio open, and this one can only look. Close the "
                    "other page to go on here."
                )
            answer = await run_in_threadpool(_carry_out, project, name, action, body)
            return JSONResponse({"answer": answer})
        except Exception as error:
            return JSONResponse({"error": in_words(error)})

    async def hear(request: Request) -> Response:
        """Tell a page how things stand, and whether it has the pen."""
        mine = pen.held_by(page_of(request))
        return JSONResponse({"answer": state(project) | {"pen": mine}})

    async def leave(request: Request) -> Response:
        """A page says that it is closed."""
        pen.put_down((await request.body()).decode(errors="replace"))
        return Response(status_code=204)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        if project.job is not None:  # Ctrl-C: its thread keeps the model
            await run_in_threadpool(project.job.end, SECONDS_TO_STOP)

    routes = [
        Route("/", lambda request: FileResponse(STATIC / "index.html")),
        Route("/api/state", hear),
        Route("/api/leave", leave, methods=["POST"]),
        Route("/api/{name}", ask, methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(Starlette(routes=routes, lifespan=lifespan), hosts, password)


def _carry_out(
    project: Project, name: str, action: Callable[[Project, Body], Any], body: Body
) -> Any:
    if name in WITHOUT_LOCK:
        return action(project, body)
    with project.lock:
        return action(project, body)
