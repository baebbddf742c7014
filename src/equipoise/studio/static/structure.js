// The dependency graph of the codes: a matrix to click, its drawing, and whether the model follows it.

import { ask, refresh } from "./api.js";
import { el, field, svg } from "./parts.js";

export async function structure(place, known, step) {
  if (known.names.length < 2) return;
  const problem = el("p", { class: "error", role: "alert", hidden: true });
  const matrix = el("div", { class: "scroll" });
  const drawing = el("div");
  const report = el("div");
  const epochs = el("input", { type: "number", min: 1, max: 10000, placeholder: "same again" });
  const on = el("button", { type: "button", onclick: trainOn }, "Train on with this structure");
  place.replaceChildren(
    el("h3", {}, "How the codes depend on each other"),
    el("p", {}, "Tick a box to let one code lead to another. The model learns this when you train on; that makes a new "
      + "run, and this one stays as it is with everything that you decided about its candidates."),
    problem, el("div", { class: "two" }, el("div", {}, matrix), drawing), report,
    el("div", { class: "fields" }, field("How long", epochs, "passes over the rows"), on));
  draw();
  await measure();

  function draw() {
    matrix.replaceChildren(table());
    drawing.replaceChildren(graph(known.names, known.edges));
    on.disabled = JSON.stringify(known.edges) === JSON.stringify(known.trained);
  }
  function has(parent, child) {
    return known.edges.some(([p, c]) => p === parent && c === child);
  }
  function table() {
    const head = el("tr", {}, el("td", {}, "leads to →"), known.names.map((name) => el("th", { scope: "col" }, name)));
    return el("table", { class: "matrix" }, el("thead", {}, head), el("tbody", {}, known.names.map((parent, i) =>
      el("tr", {}, el("th", { scope: "row" }, parent), known.names.map((child, j) => el("td", {}, i === j ? "·"
        : el("input", { type: "checkbox", checked: has(i, j), "aria-label": `${parent} leads to ${child}`, onchange: () => toggle(i, j) })))))));
  }
  async function toggle(parent, child) {
    const edges = has(parent, child)
      ? known.edges.filter(([p, c]) => p !== parent || c !== child) : [...known.edges, [parent, child]];
    try {
      Object.assign(known, await ask("structure", { edges }));
      problem.hidden = true;
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
    draw();
    const name = `${known.names[parent]} leads to ${known.names[child]}`;
    [...matrix.querySelectorAll("input")].find((box) => box.getAttribute("aria-label") === name)?.focus();
    await measure();
  }
  async function measure() {
    await step.run(async () => {
      const found = await ask("report");
      const sign = (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(2);
      report.replaceChildren(
        el("p", { class: "verdict", role: "status" }, found.sentence),
        el("p", { class: "hint" }, "Recovered: the code can be read off the rows again; partly and lost: it has little or no visible effect. "
          + "Not prescribed: two codes go together in the rows although no box is ticked; too weak: they hardly do although one is."),
        el("div", { class: "two" },
          listing(["Code", "R² of its recovery", "Verdict"], found.recovery.map((row) => [row.code, row.r2.toFixed(3), row.verdict])),
          listing(["Pair", "Partial correlation", "Verdict"], found.pairs.map((row) =>
            [`${row.parent} ${row.joined ? "→" : "and"} ${row.child}`, sign(row.partial_correlation), row.verdict]))));
    });
  }
  function trainOn() {
    step.run(async () => {
      await ask("train-on", { epochs: epochs.value === "" ? null : Number(epochs.value) });
      await refresh();
      await step.show("Train");
    });
  }
}

function listing(headings, rows) {
  return el("div", { class: "scroll" }, el("table", {},
    el("thead", {}, el("tr", {}, headings.map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, rows.map(([name, ...cells]) => el("tr", {}, el("th", { scope: "row" }, name), cells.map((cell) => el("td", {}, cell)))))));
}

function graph(names, edges) {
  const [width, height, radius] = [340, 240, 30];
  const at = names.map((_, i) => {
    const angle = (2 * Math.PI * i) / names.length - Math.PI / 2;
    return [width / 2 + 120 * Math.cos(angle), height / 2 + 85 * Math.sin(angle)];
  });
  const arrows = edges.map(([parent, child]) => {
    const [[x1, y1], [x2, y2]] = [at[parent], at[child]];
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    return svg("line", { x1: x1 + dx * radius, y1: y1 + dy * radius, x2: x2 - dx * (radius + 8), y2: y2 - dy * (radius + 8), "marker-end": "url(#arrow)" });
  });
  const words = edges.map(([parent, child]) => `${names[parent]} leads to ${names[child]}`).join(", ") || "no edges";
  const short = (name) => (name.length > 9 ? `${name.slice(0, 8)}…` : name);
  return svg("svg", { class: "chart graph", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Graph of the codes: ${words}` },
    svg("marker", { id: "arrow", viewBox: "0 0 10 10", refX: 5, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" },
      svg("path", { d: "M0 0L10 5L0 10z" })),
    arrows, names.map((name, i) => svg("g", {}, svg("circle", { cx: at[i][0], cy: at[i][1], r: radius }),
      svg("text", { x: at[i][0], y: at[i][1] }, short(name)))));
}
