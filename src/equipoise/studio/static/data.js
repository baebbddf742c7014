// Data: choose what to open, and see its classes.

import { ask, refresh, state } from "./api.js";
import { bar, el, field, option, rowsTable } from "./parts.js";

export const title = "Data";
export const about = "Choose the data, or an earlier run to go on with. Nothing leaves this machine.";
const KINDS = { "": "Automatic", categories: "Category", dates: "Date", ignored: "Ignore" };
const given = new Map(); // what was filled in for a source, for when the step is returned to
let last = "";
const GROUPS = { builtin: "Built in", folder: "Folders of images", table: "Tables", run: "Earlier runs" };

export async function render(step) {
  const sources = await ask("sources");
  const what = el("select", { onchange: fields });
  for (const [kind, label] of Object.entries(GROUPS)) {
    const own = sources.map((source, i) => [source, i]).filter(([source]) => source.kind === kind);
    if (own.length) what.append(el("optgroup", { label }, own.map(([source, i]) =>
      option(i, source.about ? `${source.name} (${source.about})` : source.name))));
  }
  const more = el("div", { class: "fields" });
  const how = el("div");
  const found = el("div");
  const open = el("button", { type: "submit", class: "main" }, "Open");
  const form = el("form", { onsubmit: submit }, el("div", { class: "fields" }, field("What to open", what), more), how, el("div", { class: "fields bare" }, open));
  step.body.append(form, el("p", { class: "hint" },
    "Your own data: name their folder or table when you start the studio, as in equipoise studio FOLDER."), found);
  const before = sources.findIndex((source) => key(source) === last);
  if (before >= 0) what.value = before;
  fields();
  if (state.open) found.replaceChildren(...summary(await ask("summary"), step));

  function fields() {
    const source = sources[what.value];
    more.replaceChildren();
    how.replaceChildren();
    if (source.kind === "table") {
      const columns = source.columns.map((column) => option(column, column, column === source.columns.at(-1)));
      more.append(field("Column with the classes", el("select", { name: "target" }, columns)));
      how.append(columnsOf(source));
    }
    if (source.kind === "folder") more.append(
      field("Resize to", el("input", { type: "number", name: "image_size", min: 8, max: 256 }), "pixels, if the images have different sizes"),
      el("label", { class: "choice" }, el("input", { type: "checkbox", name: "skip_damaged" }), "Leave out damaged images"));
    for (const [name, value] of given.get(key(source)) ?? []) {
      const control = form.elements.namedItem(name);
      if (control?.type === "checkbox") control.checked = true;
      else if (control) control.value = value;
    }
  }
  function submit(event) {
    event.preventDefault();
    const source = sources[what.value];
    const filled = [...new FormData(form)];
    given.set(key(source), filled);
    last = key(source);
    const { target, image_size: size, skip_damaged: skip, missing } = Object.fromEntries(filled);
    const read = { categories: [], dates: [], ignored: [] };
    for (const [name, value] of filled) if (name.startsWith("column:") && value) read[value].push(name.slice(7));
    step.run(async () => {
      open.disabled = true;
      try {
        const answer = await ask("open", {
          kind: source.kind, name: source.name, target, ...read, image_size: size ? Number(size) : null, skip_damaged: Boolean(skip),
          missing: missing?.trim() ? missing.split(",").map((word) => word.trim().replace(/^(['"])(.*)\1$/, "$2")) : null,
        });
        await refresh();
        found.replaceChildren(...summary(answer, step));
      } finally {
        open.disabled = false;
      }
    });
  }
}

const key = (source) => `${source.kind} ${source.name}`;

// How the columns of a table are read, folded away as it is mostly right by itself.
function columnsOf(source) {
  const text = source.name.toLowerCase().endsWith(".csv"); // Parquet says what dates and missing values are
  const kinds = Object.entries(KINDS).filter(([kind]) => text || kind !== "dates");
  return el("details", {}, el("summary", {}, "How to read the columns"),
    text && field("Missing values", el("input", { type: "text", name: "missing", placeholder: "automatic: NA, nan, None …" }),
      "words for them, with commas between; '' if only empty cells are missing"),
    el("p", { class: "hint" }, "Ignore what identifies a row, such as a number of a patient. Category is for numbers that are codes, such as a ward."),
    el("div", { class: "columns" }, source.columns.map((column) =>
      field(column, el("select", { name: `column:${column}` }, kinds.map(([kind, label]) => option(kind, label)))))));
}

function summary(found, step) {
  const most = Math.max(...found.classes.map((one) => one.count));
  const rows = found.table ? "rows" : "images";
  const total = found.classes.reduce((sum, one) => sum + one.count, 0);
  const test = found.classes.reduce((sum, one) => sum + one.test, 0);
  const size = found.table ? `${found.columns.length + found.more_columns} columns` : found.shape.join(" × ") + " pixels";
  const list = el("ul", { class: "classes" }, found.classes.map((one) => el("li", {},
    el("span", { class: "name" }, one.name), bar(one.count / most), el("span", {}, `${one.count} ${rows}`),
    !found.table && el("div", { class: "examples" }, one.examples.map((image, i) =>
      el("img", { src: image, alt: `Real image ${i + 1} of class ${one.name}` }))))));
  const tables = found.table ? found.classes.map((one) => el("details", {},
    el("summary", {}, `A few rows of class ${one.name}`), rowsTable(found.columns, one.examples))) : [];
  const next = state.model && !state.job?.running ? "Codes" : "Train";
  return [
    el("h3", {}, found.title),
    el("p", {}, `${total} ${rows} to train on, ${test} held out to test, ${size}.`),
    ...found.said.map((text) => el("p", { class: "said" }, text)),
    list, ...tables,
    el("button", { type: "button", class: "main", onclick: () => step.show(next) }, `Go on to ${next}`),
  ];
}
