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
  const compare = el("button", { type: "button", class: "main", onclick: comparing }, "Compare with and without");
  const stop = el("p", { role: "status" });
  const meter = el("progress", { max: 1, hidden: true, "aria-label": "Progress of the comparison" });
  const end = el("button", { type: "button", hidden: true, onclick: () => step.run(() => ask("stop")) }, "Stop");
  const result = el("div");
  const format = el("select", {}, plan.formats.map((name) => option(name, NAMES[name])));
  const write = el("button", { type: "button", onclick: exporting }, "Write the files");
  const written = el("div", { role: "status" });
  const head = el("tr", {}, ["Class", "Real rows", "Accepted", "Rows in all"].map((text) => el("th", { scope: "col" }, text)));
  const rows = plan.classes.map((one, i) => el("tr", {}, el("th", { scope: "row" }, one.name),
    el("td", { class: "number" }, String(one.real)),
    el("td", { class: "number" }, one.accepted == null ? "not judged" : String(one.accepted)), el("td", {}, inputs[i])));
  step.body.append(
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows))),
    el("p", { class: "hint" }, "Classes that you judged get accepted rows only; the others get rows that the model draws now."),
    el("h3", {}, "Do they help?"), el("div", { class: "fields" }, field("Classifier", classifier), compare, end), stop, meter, result,
    el("h3", {}, "Write to files"), el("div", { class: "fields" }, field("Format", format), write), written);
  let drawn = null;
  update = draw;
  await draw();

  async function choose() {
    const sizes = Object.fromEntries(plan.classes.map((one, i) => [one.name, Number(inputs[i].value)]));
    await ask("choose", { sizes, classifier: classifier.value });
  }
  function comparing() {
    step.run(async () => {
      compare.disabled = true;
      result.replaceChildren();
      drawn = null;
      try {
        stop.textContent = "The synthetic rows are drawn …";
        await choose();
        await ask("compare");
        await refresh();
        await draw();
      } catch (error) {
        compare.disabled = false;
        stop.textContent = "";
        throw error;
      }
    });
  }
  async function draw() {
    if (!step.body.isConnected || state.job?.title !== "The comparison") return;
    compare.disabled = state.job.running;
    end.hidden = meter.hidden = !state.job.running;
    if (state.job.running) {
      const told = await ask("progress");
      meter.value = told?.share ?? 0;
      if (told?.fits) stop.textContent = `Fit ${told.fit} of ${told.fits}: the classifier is trained without and with the synthetic rows …`;
      return;
    }
    if (state.job.error) { step.fail(new Error(state.job.error)); stop.textContent = ""; return; }
    if (drawn) return;
    drawn = await ask("progress");
    if (!drawn?.result) return;
    const { result: found } = drawn;
    stop.textContent = "";
    result.replaceChildren(
      el("p", { class: "verdict", role: "status", id: "verdict" }, `${found.added} synthetic rows, ${found.classifier}. ${found.verdict}`),
      ...found.notes.map((text) => el("p", { class: "said" }, text)), recalls(found.recalls));
  }
  function exporting() {
    step.run(async () => {
      await choose();
      const found = await ask("export", { format: format.value });
      written.replaceChildren(
        el("p", {}, `${found.rows} rows, ${found.synthetic} of them synthetic, are in `, el("code", {}, found.path), "."),
        ...found.notes.map((text) => el("p", { class: "said" }, text)),
        el("p", {}, "The same again in Python, where X and y are the real rows:"), el("pre", { tabindex: 0 }, found.python),
        el("p", {}, "New rows alone, on the command line:"), el("pre", { tabindex: 0 }, found.command));
    });
  }
}

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
