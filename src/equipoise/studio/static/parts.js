// Elements of the page. Text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
export const COLOURS = ["#2f7fd0", "#c8641b", "#2f9158", "#9a5bc4", "#b8860b", "#c4466b"];

function build(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

export const el = (tag, properties = {}, ...children) =>
  build(document.createElement(tag), properties, children);
export const svg = (tag, properties = {}, ...children) =>
  build(document.createElementNS(SVG, tag), properties, children);

let used = 0;
export function field(label, control, hint) {
  control.id ||= `control-${++used}`;
  const note = hint && el("small", { id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, note);
}

export const option = (value, text = value, selected = false) =>
  el("option", { value, selected }, text);
export const percent = (share) => `${Math.round(100 * share)} %`;

export function bar(share) {
  const node = el("div", { class: "bar", "aria-hidden": "true" });
  node.style.width = `${Math.max(0, 100 * share)}%`;
  return node;
}

// One row as an image, or as a small table with some cells marked.
export function rowTable(columns, rows, headings, marked = [], more = 0) {
  const head = el("tr", {}, el("th", { scope: "col" }, "Column"),
    headings.map((text) => el("th", { scope: "col" }, text)));
  const lines = columns.map((column, i) => el("tr", {}, el("th", { scope: "row" }, column),
    rows.map((row) => el("td", {}, marked.includes(i) ? el("mark", {}, row[i]) : row[i]))));
  return el("div", { class: "scroll" },
    el("table", {}, el("thead", {}, head), el("tbody", {}, lines)),
    more > 0 && el("p", { class: "hint" }, `and ${more} more columns`));
}

export function rowsTable(columns, rows) {
  const head = el("tr", {}, columns.map((text) => el("th", { scope: "col" }, text)));
  const lines = rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell))));
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Rows" },
    el("table", {}, el("thead", {}, head), el("tbody", {}, lines)));
}

// Lines over a common x axis. `lines` is a list of { name, values }; null is a gap.
export function lineChart(lines, label, ticks, [width, height] = [480, 200]) {
  const all = lines.flatMap((line) => line.values).filter((value) => value != null);
  if (!all.length) return el("p", { class: "soft" }, "Nothing to draw yet.");
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const n = Math.max(2, ...lines.map((line) => line.values.length));
  const x = (i) => 62 + (i * (width - 74)) / (n - 1);
  const y = (value) => height - 24 - ((value - low) * (height - 40)) / (high - low || 1);
  const show = (value) => (Math.abs(value) >= 1e6 ? value.toExponential(1) : +value.toPrecision(3));
  const points = (values) => values.map((v, i) => (v == null ? null : `${x(i).toFixed(1)},${y(v).toFixed(1)}`));
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    svg("line", { class: "axis", x1: 62, x2: width - 12, y1: height - 20, y2: height - 20 }),
    svg("text", { x: 4, y: 16 }, String(show(high))), svg("text", { x: 4, y: height - 26 }, String(show(low))),
    svg("text", { x: 62, y: height - 5 }, ticks[0]),
    svg("text", { x: width - 12, y: height - 5, "text-anchor": "end" }, ticks[1]),
    lines.map((line, i) => {
      const at = points(line.values).filter(Boolean);
      const colour = COLOURS[i % COLOURS.length];
      if (at.length !== 1) return svg("polyline", { points: at.join(" "), stroke: colour });
      const [cx, cy] = at[0].split(","); // a line of one point would not be seen
      return svg("circle", { cx, cy, r: 4, fill: colour });
    }));
  return el("div", {}, chart, legend(lines.map((line) => line.name)));
}

export function legend(names) {
  return el("ul", { class: "legend" }, names.map((name, i) => {
    const key = el("span");
    key.style.background = COLOURS[i % COLOURS.length];
    return el("li", {}, key, name);
  }));
}
