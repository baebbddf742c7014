// The steps, the one that is shown, and the state that all of them share.

import { refresh, state } from "./api.js";
import { el } from "./parts.js";
import * as data from "./data.js";
import * as train from "./train.js";
import * as codes from "./codes.js";
import * as curate from "./curate.js";
import * as balance from "./balance.js";

const STEPS = { Data: data, Train: train, Codes: codes, Curate: curate, Balance: balance };
const main = document.getElementById("step");
let shown = "";

export async function show(name, focus = true) {
  shown = name;
  sessionStorage.step = name;
  for (const button of document.querySelectorAll("nav button")) {
    if (button.dataset.step === name) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  }
  const problem = el("div", { class: "error", role: "alert", hidden: true });
  const body = el("div");
  main.replaceChildren(el("h2", {}, STEPS[name].title), el("p", { class: "soft" }, STEPS[name].about), problem, body);
  const step = { body, show, fail, run };

  // An error is shown in the step where it happened, and the step goes on.
  function fail(error) {
    problem.hidden = !error;
    problem.textContent = error ? error.message : "";
  }
  async function run(work) {
    fail(null);
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof TypeError) console.warn(error);
      fail(error);
    }
  }
  if (focus) main.focus();
  await run(() => STEPS[name].render(step));
}

function tell() {
  const { run, title } = state;
  document.getElementById("opened").textContent = run
    ? `${title} · run ${run.name} · ${run.method === "IMSIC" ? "IMSIC" : "DGC"} · ${how(run)}` : title;
  const notice = document.getElementById("notice");
  notice.hidden = state.pen;
  notice.textContent = state.pen ? ""
    : "Another page has this studio open. This one can look, but change nothing, until the other is closed.";
  document.body.classList.toggle("looking", !state.pen);
}

function how(run) {
  if (run.status === "running") return state.job?.running ? "training" : "not finished";
  return { finished: "trained", interrupted: "stopped" }[run.status] ?? run.status;
}

async function hear() {
  try {
    await refresh();
    tell();
    STEPS[shown].heard?.();
  } catch {
    const notice = document.getElementById("notice");
    notice.hidden = false;
    notice.textContent = "The studio does not answer. Start it again in the terminal; what you decided is kept.";
  }
  setTimeout(hear, 700);
}

document.getElementById("steps").append(...Object.keys(STEPS).map((name, i) =>
  el("li", {}, el("button", { type: "button", "data-step": name, onclick: () => show(name) }, `${i + 1}. ${name}`))));
await refresh();
tell();
await show(STEPS[sessionStorage.step] ? sessionStorage.step : "Data", false);
hear();
