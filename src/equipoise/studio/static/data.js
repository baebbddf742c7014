// Data: choose what to open, and see its classes.

import { ask, refresh, state } from "./api.js";
import { bar, el, field, option, rowsTable } from "./parts.js";

export const title = "Data";
export const about = "Choose the data, or an earlier run to go on with. Nothing leaves this machine.";
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
  const found = el("div");
  const open = el("button", { type: "submit", class: "main" }, "Open");
  const form = el("form", { onsubmit: submit }, el("div", { class: "fields" }, field("What to open", what), more, open));
  step.body.append(form, el("p", { class: "hint" },
    "Your own data: name their folder or table when you start the studio, as in equipoise studio FOLDER."), found);
  fields();
  if (state.open) found.replaceChildren(...summary(await ask("summary"), step));

  function fields() {
    const source = sources[what.value];
    more.replaceChildren();
    if (source.kind === "table") {
      const columns = source.columns.map((column) => option(column, column, column === source.columns.at(-1)));
      more.append(field("Column with the classes", el("select", { name: "target" }, columns)));
    }
    if (source.kind === "folder") more.append(field("Resize to", el("input",
      { type: "number", name: "image_size", min: 8, max: 256 }), "pixels, if the images have different sizes"));
  }
  function submit(event) {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(form));
    const { kind, name } = sources[what.value];
    step.run(async () => {
      open.disabled = true;
      try {
        const answer = await ask("open", {
          kind, name, target: given.target, image_size: given.image_size ? Number(given.image_size) : null,
        });
        await refresh();
        found.replaceChildren(...summary(answer, step));
      } finally {
        open.disabled = false;
      }
    });
  }
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
