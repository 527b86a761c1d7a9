// Elements, numbers in words, colours, the state of the page, and who wants to hear of its changes.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// h("p", {class: "a"}, child ...): an element. Texts become text nodes: nothing of a dataset is ever parsed as HTML.
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

const read = (id) => {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
};

const PAGE = read("page");
const SERVED = PAGE.sampling === null;

// Okabe & Ito (2008), as in the schedule diagram: told apart with every common colour blindness.
const ARMS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999933", "#882255", "#44AA99", "#332288"];
const FREE = "#9A9A9A";
const colourOf = (label) => (label.colour < 0 ? FREE : ARMS[label.colour % ARMS.length]);

// Stages of a lesion in groups; warm while it lives, cool afterwards. `codes`: places in nof1sim.model.STAGES.
const GROUPS = [
  { key: "papule", name: "Papule", codes: [3], colour: "#EE7733", on: true },
  { key: "pustule", name: "Pustule", codes: [4], colour: "#F2C81E", on: true },
  { key: "nodule", name: "Nodule", codes: [5], colour: "#CC3311", on: true },
  { key: "crust", name: "Crust", codes: [6, 7], colour: "#EE3377", on: true },
  { key: "red", name: "Red mark", codes: [8], colour: "#33BBEE", on: true },
  { key: "brown", name: "Brown mark", codes: [9], colour: "#0077BB", on: true },
  { key: "scar", name: "Scar", codes: [10], colour: "#8877BB", on: true },
  { key: "fading", name: "Fading", codes: [11], colour: "#A8A8A8", on: false },
  { key: "comedone", name: "Comedone", codes: [0, 1, 2], colour: "#22A884", on: false },
];
const GROUP_OF = [];
GROUPS.forEach((group) => group.codes.forEach((code) => (GROUP_OF[code] = group)));
const STAGE_WORDS = ["microcomedone", "closed comedone", "open comedone", "papule", "pustule", "nodule", "crust",
  "excoriation", "red mark", "brown mark", "scar", "fading"];

// What is being looked at. `pin`: the day that is compared with; `hover`: index of a lesion, or -1.
const state = { rank: -1, day: 1, pin: 1, mode: PAGE.pictures ? "compare" : "single", occasion: 1, twin: 1, overlay: false, truth: PAGE.truth,
  hover: -1, order: "place", on: new Set(GROUPS.filter((g) => g.on).map((g) => g.key)) };
const listeners = [];
const listen = (wanted, act) => listeners.push([wanted, act]);

function set(changes) {
  const changed = Object.keys(changes).filter((name) => state[name] !== changes[name]);
  Object.assign(state, changes);
  for (const [wanted, act] of listeners) if (wanted.some((name) => changed.includes(name))) act();
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || one + "s"}`;
const percent = (share) => (share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`);
const short = (value, digits = 2) => (value === null || value === undefined ? "–" : String(+Number(value).toFixed(digits)));
const pValue = (p) => (p === null ? "p –" : p < 0.0001 ? "p < .0001" : "p = " + p.toFixed(4).replace(/^0/, ""));
const viewName = (view) => view.replace(/_/g, " ");

const courseOf = new Map(PAGE.courses.map((course) => [course.rank, course]));

// The period of a day: index into PAGE.labels, first and last day.
const periodAt = (periods, day) => periods.find(([, first, last]) => first <= day && day <= last) || null;

// The label of a day of a side; a twin may have labels of its own.
function labelAt(side, day) {
  const period = periodAt(side.periods, day);
  const name = period ? side.labels[period[0]] : "after the study";
  return PAGE.labels.find((label) => label.name === name) || { name, free: true, colour: -1 };
}

function toggle(name, isOn, act, attributes = {}) {
  const button = h("button", { type: "button", class: "toggle", "aria-pressed": String(isOn()), ...attributes,
    onclick: () => { act(); } }, name);
  button.refresh = () => button.setAttribute("aria-pressed", String(isOn()));
  return button;
}

function section(id, title, lead, ...children) {
  return h("section", { id, "aria-labelledby": id + "-title" },
    h("h2", { id: id + "-title", text: title }), lead ? h("p", { class: "lead", text: lead }) : null, ...children);
}
