// Balance and compare: how many rows, whether they help, and the files.

import { ask, refresh, state } from "./api.js";
import { el, field, option, svg } from "./parts.js";

export const title = "Balance and compare";
export const about = "Choose how many rows each class is to have, see whether the synthetic ones help, and write them to files.";
let update = null;

export const heard = () => update?.();

export async function render(step) {
  const plan = await ask("plan");
  const inputs = plan.classes.map((one) => el("input", { type: "number", min: one.real, value: one.size, "aria-label": `Rows of class ${one.name}` }));
  const classifier = el("select", {}, plan.classifiers.map((name) => option(name, name, name === plan.classifier)));
  const result = el("div");
  const written = el("div", { role: "status" });
  const comparing = task(step, "The comparison", el("button", { type: "button", class: "main" }, "Compare with and without"), choose, () => ask("compare"), result, compared);
  const format = el("select", {}, plan.formats.map((name) => option(name, NAMES[name])));
  const exporting = task(step, "The export", el("button", { type: "button" }, "Write the files"), choose, () => ask("export", { format: format.value }), written, exported);
  const head = el("tr", {}, ["Class", "Real rows", ...(plan.judging ? ["Accepted"] : []), "Rows in all"].map((text) => el("th", { scope: "col" }, text)));
  const rows = plan.classes.map((one, i) => el("tr", {}, el("th", { scope: "row" }, one.name),
    el("td", { class: "number" }, String(one.real)),
    plan.judging && el("td", { class: "number" }, one.accepted == null ? "not judged" : String(one.accepted)), el("td", {}, inputs[i])));
  step.body.append(
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows))),
    el("p", { class: "hint" }, plan.judging
      ? "Classes that you judged get accepted rows only; the others get rows that the model draws now." : "The model draws the rows that are missing."),
    el("h3", {}, "Do they help?"), el("div", { class: "fields" }, field("Classifier", classifier), ...comparing.buttons), ...comparing.told, result,
    el("h3", {}, "Write to files"), el("div", { class: "fields" }, field("Format", format), ...exporting.buttons), ...exporting.told, written);
  update = () => Promise.all([comparing.draw(), exporting.draw()]);
  await update();

  async function choose() {
    const sizes = Object.fromEntries(plan.classes.map((one, i) => [one.name, Number(inputs[i].value)]));
    await ask("choose", { sizes, classifier: classifier.value });
  }
}

// Work in the background: the button that begins it, its progress, and a button to stop it.
function task(step, title, button, prepare, begin, place, show) {
  const words = el("p", { role: "status" });
  const meter = el("progress", { max: 1, hidden: true, "aria-label": `Progress: ${title}` });
  const end = el("button", { type: "button", hidden: true, onclick: () => step.run(() => ask("stop")) }, "Stop");
  let drawn = false;
  button.addEventListener("click", () => step.run(async () => {
    button.disabled = true;
    place.replaceChildren();
    drawn = false;
    try {
      await prepare();
      await begin();
      await refresh();
      await draw();
    } catch (error) {
      button.disabled = false;
      throw error;
    }
  }));
  return { buttons: [button, end], told: [words, meter], draw };

  async function draw() {
    if (!step.body.isConnected) return;
    const { job } = state;
    button.disabled = Boolean(job?.running);
    const running = button.disabled && job.title === title;
    end.hidden = meter.hidden = !running;
    if (job?.title !== title || drawn) return;
    const told = await ask("progress");
    if (running) {
      words.textContent = `${told?.words ?? "It begins"} …`;
      if (told?.share == null) meter.removeAttribute("value");
      else meter.value = told.share;
      return;
    }
    words.textContent = "";
    drawn = true;
    if (job.error) step.fail(new Error(job.error));
    else if (told?.result) place.replaceChildren(...show(told.result));
  }
}

const compared = (found) => [
  el("p", { class: "verdict", role: "status", id: "verdict" }, `${found.added} synthetic rows, ${found.classifier}. ${found.verdict}`),
  ...found.notes.map((text) => el("p", { class: "said" }, text)), recalls(found.recalls)];

const exported = (found) => [
  el("p", {}, `${found.rows} rows, ${found.synthetic} of them synthetic, are in `, el("code", {}, found.path),
    `. The ${found.held_out} real rows that were held out to test are not among them.`),
  ...found.notes.map((text) => el("p", { class: "said" }, text)),
  el("p", {}, "The same again in Python, where X and y are the real rows without those:"), el("pre", { tabindex: 0, role: "group", "aria-label": "Lines of Python" }, found.python),
  el("p", {}, "New rows alone, on the command line:"), el("pre", { tabindex: 0, role: "group", "aria-label": "Command" }, found.command)];

const NAMES = { folders: "A folder of PNG per class", npz: "NumPy arrays (.npz)", csv: "CSV", parquet: "Parquet" };

function recalls(rows) {
  const [width, line] = [460, 34];
  const y = (i) => 24 + i * line;
  const text = (share) => share.toFixed(2);
  const length = (share) => Math.max(1, 260 * share);
  const words = rows.map((row) => `class ${row.name} from ${text(row.without)} to ${text(row.with)}`).join(", ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${y(rows.length) + 4}`, role: "img", "aria-label": `Recall of each class without and with the synthetic rows: ${words}` },
    svg("rect", { class: "before", x: 130, y: 6, width: 10, height: 10 }), svg("text", { x: 145, y: 15 }, "without"),
    svg("rect", { class: "after", x: 215, y: 6, width: 10, height: 10 }), svg("text", { x: 230, y: 15 }, "with synthetic rows"),
    rows.map((row, i) => svg("g", {},
      svg("text", { x: 120, y: y(i) + 18, "text-anchor": "end" }, row.name.length > 16 ? `${row.name.slice(0, 15)}…` : row.name),
      svg("rect", { class: "before", x: 130, y: y(i) + 4, width: length(row.without), height: 10 }),
      svg("rect", { class: "after", x: 130, y: y(i) + 16, width: length(row.with), height: 10 }),
      svg("text", { x: 136 + length(row.without), y: y(i) + 13 }, text(row.without)),
      svg("text", { x: 136 + length(row.with), y: y(i) + 26 }, text(row.with)))));
}
