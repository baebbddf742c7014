// Codes: see what each does, name it, and prescribe how they depend on each other.

import { ask, refresh } from "./api.js";
import { el, field, lineChart, option, percent, rowTable } from "./parts.js";
import { structure } from "./structure.js";

export const title = "Codes";
export const about = "Codes are inputs of the network that you can set. Move one to see what it does, and name it after that.";

export async function render(step) {
  const known = await ask("codes");
  let seed = 1;
  let latest = 0;
  const values = known.names.map(() => 0);
  let first = []; // columns of a table that the code below moves most
  const kind = el("select", { onchange: redraw }, known.classes.map((name) => option(name)));
  kind.value = known.classes.at(-1);
  const live = el("div", { class: "live", "aria-live": "off" });
  const other = el("button", { type: "button", onclick: () => { seed += 1; redraw(); drawGrid(); } }, "Another starting point");
  const sliders = known.names.map((name, i) => slider(name, i));
  const which = el("select", { onchange: drawGrid }, known.names.map((name, i) => option(i, name)));
  const grid = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Every class at every value of a code" });
  const prescribed = el("section");
  step.body.append(
    el("div", { class: "two" },
      el("div", { class: "card" }, el("div", { class: "fields" }, field("Class", kind)), ...sliders, other), el("div", { class: "card" }, live)),
    el("h3", {}, "Every class at every value of a code"), el("div", { class: "fields" }, field("Code", which)), grid, prescribed,
    el("button", { type: "button", class: "main", onclick: () => step.show("Curate") }, "Go on to Curate"));
  await redraw();
  await drawGrid();
  await structure(prescribed, known, step);

  function slider(name, i) {
    const label = el("input", { type: "text", value: name, maxlength: 40, "aria-label": `Name of code ${i + 1}`, onchange: rename });
    const shown = el("output", {}, "0");
    const range = el("input", { type: "range", min: -1, max: 1, step: 0.01, value: 0, "aria-label": `Value of ${name}`, oninput: move });
    return el("div", { class: "code" }, label, range, shown);

    function move() {
      values[i] = Number(range.value);
      shown.textContent = range.value;
      redraw();
    }
    function rename() {
      step.run(async () => {
        try {
          const after = await ask("rename", { code: i, name: label.value });
          Object.assign(known, after);
        } finally {
          label.value = known.names[i];
        }
        range.setAttribute("aria-label", `Value of ${known.names[i]}`);
        which.options[i].textContent = known.names[i];
        await structure(prescribed, known, step);
      });
    }
  }

  // Only the newest position counts: while a request is on its way, later ones wait as one.
  async function redraw() {
    const mine = ++latest;
    if (redraw.busy) return;
    redraw.busy = true;
    try {
      const found = await ask("sample", { class: kind.value, codes: values, seed, first });
      const text = `Synthetic row of class ${kind.value}, ${percent(found.confidence)} sure`;
      const setting = known.names.map((name, i) => `${name} ${values[i]}`).join(", ");
      live.replaceChildren(
        found.columns.length ? rowTable(found.columns, [found.row], ["Value"], [], found.more)
          : el("img", { src: found.row, alt: `${text}; ${setting}` }),
        el("p", {}, `The network is ${percent(found.confidence)} sure that this is class ${kind.value}.`));
      live.dataset.drawn = mine;
    } catch (error) {
      step.fail(error);
    } finally {
      redraw.busy = false;
    }
    if (latest > mine) await redraw();
  }

  async function drawGrid() {
    await step.run(async () => {
      const code = Number(which.value);
      const found = await ask("grid", { code, seed });
      grid.replaceChildren(found.images ? images(found.images, code) : profiles(found.profiles));
      if (found.images) return;
      first = found.profiles.map((one) => one.name);
      await redraw();
    });
  }
  function images(rows, code) {
    const head = el("tr", {}, el("td"), known.values.map((value) => el("th", { scope: "col" }, String(value))));
    return el("table", { class: "grid" }, el("thead", {}, head), el("tbody", {}, rows.map((row, i) =>
      el("tr", {}, el("th", { scope: "row" }, known.classes[i]), row.map((image, j) => el("td", {},
        el("img", { src: image, alt: `Class ${known.classes[i]}, ${known.names[code]} ${known.values[j]}` })))))));
  }
  function profiles(found) {
    return el("div", { class: "two" }, found.map((one) => el("div", {}, el("p", { class: "hint" }, one.name),
      lineChart(one.lines.map((values, i) => ({ name: `class ${known.classes[i]}`, values })),
        `Mean of ${one.name} by value of the code, a line per class`, ["−1", "1"], [360, 150]))));
  }
}
