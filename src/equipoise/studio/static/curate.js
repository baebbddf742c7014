// Curate: candidates beside their nearest real rows. Decisions show at once and are sent behind.

import { ask, state } from "./api.js";
import { el, field, option, percent, rowTable } from "./parts.js";

export const title = "Curate";
export const about = "Decide which synthetic rows are good enough. Of a class that you judge, only accepted rows are added to the data.";
const MARKS = { accepted: "✓ accepted", rejected: "✗ rejected", "": "undecided" };
let keys = null;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) keys?.(event);
});

export async function render(step) {
  let found = { candidates: [] };
  let at = 0;
  let done = [];
  let waiting = {};
  let sending = null;
  const totals = await ask("counts");
  const kind = el("select", { onchange: () => load(false) }, totals.map((one) => option(one.name, describe(one))));
  const rarest = totals.reduce((best, one) => (one.real < best.real ? one : best));
  kind.value = sessionStorage.curated && totals.some((one) => one.name === sessionStorage.curated)
    ? sessionStorage.curated : rarest.name;
  const pair = el("div", { class: "pair" });
  const accept = el("button", { type: "button", class: "main", onclick: () => decide("accepted") }, "Accept ", el("kbd", {}, "→"));
  const reject = el("button", { type: "button", onclick: () => decide("rejected") }, "Reject ", el("kbd", {}, "←"));
  const undo = el("button", { type: "button", onclick: takeBack }, "Undo ", el("kbd", {}, "U"));
  const counter = el("p", { role: "status", id: "counter" });
  const gallery = el("ul", { class: "gallery", "aria-label": "Candidates, the most confident first" });
  const least = el("input", { type: "number", min: 0, max: 100, step: 1, value: 90 });
  const obvious = el("button", { type: "button", onclick: threshold }, "Decide the rest");
  const more = el("button", { type: "button", onclick: () => load(true) }, "Propose more candidates");
  step.body.append(
    el("div", { class: "fields" }, field("Class", kind), more), counter,
    el("div", { class: "card" }, pair, el("div", { class: "fields bare" }, accept, reject, undo),
      el("p", { class: "hint" }, "Keys: → accept, ← reject, U undo, ↑ and ↓ go to another candidate.")),
    el("div", { class: "fields" }, field("Smallest confidence", least, "per cent"), obvious,
      el("p", { class: "hint" }, "accepts all undecided candidates that reach it and are no copies, and rejects the others.")),
    gallery, el("button", { type: "button", class: "main", onclick: () => step.show("Balance") }, "Go on to Balance"));
  keys = (event) => {
    if (!step.body.isConnected) { keys = null; return; }
    const action = { ArrowRight: () => decide("accepted"), ArrowLeft: () => decide("rejected"),
      u: takeBack, U: takeBack, ArrowUp: () => select(at - 1), ArrowDown: () => select(at + 1) }[event.key];
    if (action && found.candidates.length) { event.preventDefault(); action(); }
  };
  await load(false);

  async function load(another) {
    await step.run(async () => {
      await settle();
      sessionStorage.curated = kind.value;
      take(await ask("propose", { class: kind.value, more: another }));
    });
  }
  function take(answer) {
    found = answer;
    done = [];
    gallery.replaceChildren(...found.candidates.map((_, i) => el("li", {}, el("button", { type: "button", tabindex: -1, onclick: () => select(i) }))));
    found.candidates.forEach((_, i) => mark(i));
    select(Math.max(0, found.candidates.findIndex((one) => !one.decision)));
    count();
  }
  function mark(i) {
    const one = found.candidates[i];
    const button = gallery.children[i].firstChild;
    const text = `Candidate ${i + 1} of class ${kind.value}, ${percent(one.confidence)} sure${one.memorised ? ", looks like a copy" : ""}, ${MARKS[one.decision]}`;
    button.dataset.decision = one.decision;
    button.setAttribute("aria-label", text);
    button.replaceChildren(
      typeof one.row === "string" ? el("img", { src: one.row, alt: "" }) : `#${i + 1}`,
      el("span", {}, `${{ accepted: "✓ ", rejected: "✗ " }[one.decision] ?? ""}${percent(one.confidence)}`), one.memorised ? el("span", { class: "copy" }, "copy?") : "");
  }
  function select(i) {
    if (i < 0 || i >= found.candidates.length) return;
    gallery.children[at]?.firstChild.removeAttribute("aria-current");
    gallery.children[at]?.firstChild.setAttribute("tabindex", -1);
    at = i;
    gallery.children[i].firstChild.setAttribute("aria-current", "true");
    gallery.children[i].firstChild.setAttribute("tabindex", 0);
    const one = found.candidates[i];
    const about = `Candidate ${i + 1} of ${found.candidates.length}: ${percent(one.confidence)} sure, ${MARKS[one.decision]}`;
    const copy = one.memorised && el("p", { class: "copy" }, "It is so close to this real row that it may be a copy of it.");
    pair.replaceChildren(...(typeof one.row === "string"
      ? [figure(one.row, `Synthetic candidate ${i + 1} of class ${kind.value}, ${percent(one.confidence)} sure`, about),
        figure(one.real, `Nearest real image of class ${kind.value}`, "Nearest real image"), copy]
      : [rowTable(one.columns, [one.row, one.real], ["Candidate", "Nearest real row"], one.marked, one.more),
        el("div", {}, el("p", {}, about), el("p", { class: "hint" }, "Marked: the columns that differ most."), copy)]).filter(Boolean));
  }
  function decide(decision) {
    const one = found.candidates[at];
    if (!one || !state.pen) { step.fail(state.pen ? null : new Error("This page can only look, while another one is open.")); return; }
    done.push([at, one.decision]);
    set(at, decision);
    const next = found.candidates.findIndex((other, i) => i > at && !other.decision);
    select(next >= 0 ? next : Math.min(at + 1, found.candidates.length - 1));
  }
  function takeBack() {
    const last = done.pop();
    if (!last) return;
    set(...last);
    select(last[0]);
  }
  function set(i, decision) {
    found.candidates[i].decision = decision;
    mark(i);
    count();
    waiting[found.candidates[i].index] = decision;
    sending ??= send();
  }
  // One request at a time; what is decided meanwhile goes with the next.
  async function send() {
    await null;
    while (Object.keys(waiting).length) {
      const decisions = waiting;
      waiting = {};
      try {
        const after = await ask("judge", { class: kind.value, seed: found.seed, decisions });
        after.forEach((one, i) => { totals[i] = one; kind.options[i].textContent = describe(one); });
      } catch (error) {
        step.fail(error);
      }
    }
    sending = null;
    counter.dataset.saved = String(found.candidates.filter((one) => one.decision).length);
  }
  async function settle() { while (sending) await sending; }
  async function threshold() {
    await step.run(async () => {
      await settle();
      take(await ask("threshold", { class: kind.value, seed: found.seed, least: Number(least.value) / 100 }));
      const after = await ask("counts");
      after.forEach((one, i) => { totals[i] = one; kind.options[i].textContent = describe(one); });
      count();
    });
  }
  function count() {
    const here = (decision) => found.candidates.filter((one) => one.decision === decision).length;
    const total = totals.find((one) => one.name === kind.value);
    counter.replaceChildren(`Of these ${found.candidates.length} candidates: `,
      el("strong", { class: "accepted" }, `${here("accepted")} accepted`), ", ",
      el("strong", { class: "rejected" }, `${here("rejected")} rejected`), `, ${here("")} undecided. The class has ${total.real} real rows.`);
  }
}

const describe = (one) => `${one.name} (${one.real} real, ${one.accepted} accepted)`;
const figure = (image, alt, text) => el("figure", {}, el("img", { src: image, alt }), el("figcaption", {}, text));
