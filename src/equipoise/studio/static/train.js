// Train: start, watch, stop and continue.

import { ask, refresh, state } from "./api.js";
import { el, field, lineChart, option, percent, rowsTable } from "./parts.js";

export const title = "Train";
export const about = "A network learns all classes together, so that a rare class gets the variation of the large ones.";
const LOSSES = ["loss", "discriminator", "generator", "structure", "val_acsa"];
let update = null;

export const heard = () => update?.();

export async function render(step) {
  const method = el("select", { onchange: () => { own.forEach((one) => { one.hidden = method.value !== "imsic"; }); } }, option("imsic", "IMSIC: new rows that you steer and select"),
    option("dgc", "DGC: a classifier that can also draw new rows"));
  const epochs = el("input", { type: "number", min: 1, max: 10000, placeholder: "automatic" });
  const codes = el("input", { type: "number", min: 1, max: 16, value: 2 });
  const weight = el("input", { type: "number", min: 0, step: "any", placeholder: "0.5" });
  const smallest = el("input", { type: "number", min: 1, placeholder: "8" });
  const own = [field("Codes", codes, "properties to steer by"), // what IMSIC alone has
    el("details", {}, el("summary", {}, "More settings"), el("div", { class: "fields" },
      field("Weight of the codes", weight, "higher: clearer codes, less variety"),
      field("Smallest class to generate", smallest, "rows; smaller ones are interpolated")))];
  const start = el("button", { type: "submit", class: "main" }, "Train a new model");
  const stop = el("button", { type: "button", onclick: () => step.run(() => ask("stop")) }, "Stop and keep the model so far");
  const resume = el("button", { type: "button", onclick: () => begin("resume", {}) }, "Continue this training");
  const form = el("form", { onsubmit: submit },
    el("div", { class: "fields" }, field("Method", method),
      field("How long", epochs, "passes over the rows"), own[0]), own[1],
    el("div", { class: "fields bare" }, start, resume, stop));
  const status = el("p", { role: "status" });
  const meter = el("progress", { max: 1, "aria-label": "Progress of the training" });
  const said = el("div");
  const on = el("button", { type: "button", class: "main", hidden: true, onclick: () => step.show(next()) });
  const watch = el("div");
  step.body.append(form, status, meter, said, on, watch);
  let was = null;
  let drawn = "";
  update = draw;
  await draw();

  function next() { return state.run?.method === "IMSIC" ? "Codes" : "Balance"; }
  function number(input) { return input.value === "" ? null : Number(input.value); }
  function submit(event) {
    event.preventDefault();
    begin("train", { method: method.value, epochs: number(epochs), n_codes: number(codes),
      structure_weight: number(weight), min_class_size: number(smallest) });
  }
  function begin(name, body) {
    step.run(async () => {
      await ask(name, body);
      await refresh();
      await draw();
    });
  }
  async function draw() {
    if (!step.body.isConnected) return;
    const { job, run } = state;
    const running = Boolean(job?.running) && job.title === "The training";
    const cut = run && !["trained", "finished"].includes(run.status);
    const stopped = run?.status === "interrupted" ? "was stopped" : "was cut off";
    start.disabled = running || !state.open;
    stop.hidden = !running;
    resume.hidden = running || !cut || run.held;
    meter.hidden = !running;
    if (!state.open) status.textContent = "Open some data first, in the step Data.";
    else if (running) status.textContent = "The training begins …";
    else if (!run) status.textContent = "There is no model of these data yet.";
    else if (run.held) status.textContent = run.held;
    else if (cut) status.textContent = run.checkpoint
      ? `This training ${stopped}. Continued, it goes on after its last whole epoch, and gives the same model as without the break.`
      : `This training ${stopped} in its first epoch. Continued, it begins again.`;
    else status.textContent = `The model is trained: ${run.epochs ?? "all"} epoch${run.epochs === 1 ? "" : "s"}.`;
    said.replaceChildren(...(job && !running && job.title === "The training" ? job.said : []).map((text) => el("p", { class: "said" }, text)));
    if (job && !running && job.title === "The training") {
      if (job.error) step.fail(new Error(job.error));
      if (was === true) await refresh();
    }
    const told = job?.title === "The training" && await ask("progress");
    if (told?.epochs) {
      meter.value = running ? told.share : 1;
      const left = told.seconds_left == null ? "" : `, about ${duration(told.seconds_left)} left`;
      if (running) status.textContent = `${percent(told.share)}: ${told.epoch} of ${told.epochs} epochs done${left}.`;
      const latest = JSON.stringify(told.history);
      if (latest !== drawn) watch.replaceChildren(...pictures(told.preview, told.columns), losses(told.history));
      drawn = latest;
    }
    on.hidden = running || !state.model;
    on.textContent = `Go on to ${next()}`;
    was = running;
  }
}

const duration = (seconds) => seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.round(seconds / 60)} minutes`;

function losses(history) {
  const names = Object.keys(history[0] ?? {}).filter((name) => !["epoch", "seconds", "learning_rate"].includes(name));
  const chosen = [...LOSSES.filter((name) => names.includes(name)), ...names.filter((name) => !LOSSES.includes(name))].slice(0, 4);
  const lines = chosen.map((name) => ({ name: name.replaceAll("_", " "), values: history.map((epoch) => epoch[name]) }));
  const last = chosen.map((name) => `${name} ${history.at(-1)?.[name]?.toFixed(3)}`).join(", ");
  return el("section", {}, el("h3", {}, "Losses"), lineChart(lines, `Losses by epoch; now ${last}`, ["epoch 1", history.length > 1 ? `epoch ${history.length}` : ""]));
}

function pictures(preview, columns) {
  const names = Object.keys(preview);
  if (!names.length) return [];
  return [el("h3", {}, "What the rarest classes look like now"), ...names.map((name) =>
    el("div", {}, el("p", { class: "hint" }, `Class ${name}`),
      typeof preview[name][0] === "string"
        ? el("div", { class: "examples" }, preview[name].map((image, i) =>
          el("img", { src: image, alt: `Synthetic image ${i + 1} of class ${name}, as the model is now` })))
        : rowsTable(columns, preview[name].slice(0, 3))))];
}
