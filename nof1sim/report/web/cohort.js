// The study at a glance: what it is, the design, everybody's course; and the strip of pictures for paper.

function headline() {
  const count = (n, one, many) => plural(n, one, many);
  const photographs = PAGE.pictures ? `, ${count(PAGE.pictures, "photograph")}` : ", without photographs";
  const views = PAGE.views.length > 1 && PAGE.pictures ? ` (${PAGE.views.map(viewName).join(", ")})` : "";
  const arms = PAGE.labels.filter((label) => !label.free).map((label) => label.name);
  return h("header", { class: "top" },
    h("div", { class: "tools" }, h("span", { class: "mark", text: "nof1sim" }), truthSwitch(), themeButton()),
    h("h1", { text: PAGE.title.replace(/\.$/, "") }),
    h("p", { class: "lead" }, `${count(PAGE.patients, "patient")}, ${count(PAGE.days, "day")} each${photographs}${views}. `,
      arms.length > 1 ? `Each person takes ${list(arms)} in turn, so that everybody is compared with themselves.` : ""),
    h("p", { class: "synthetic" }, h("b", { text: PAGE.about }),
      " Nothing here says anything about a real treatment."));
}

const list = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

// Patients with the same calendar share a row.
function designSection() {
  const most = 16, all = PAGE.sequences, shown = all.slice(0, most);
  const diagram = h("div", { class: "design", role: "list" }, shown.map((row) => h("div", { class: "sequence", role: "listitem" },
    h("span", { class: "members", text: members(row) }),
    h("div", { class: "bars" }, row.periods.map(([index, first, last]) => segment(PAGE.labels[index], first, last))))),
  h("div", { class: "sequence axis", "aria-hidden": "true" }, h("span", { class: "members", text: "day" }), dayAxis()));
  const rest = all.length > most ? h("p", { class: "aside", text: `and ${all.length - most} other orders.` }) : null;
  return section("design", "The design", null, diagram, rest, designNotes());
}

function members({ ids, count }) {
  return (count > 1 ? "Patients " : "Patient ") + (count > ids.length ? `${ids.slice(0, 4).join(", ")} and ${count - 4} more` : list(ids));
}

function segment(label, first, last) {
  const bar = h("div", { class: label.free ? "segment free" : "segment", title: `${label.name}: day ${first} to ${last}` },
    h("span", { text: label.name }));
  bar.style.flex = `${last - first + 1} 0 0`;
  bar.style.setProperty("--arm", colourOf(label));
  return bar;
}

function dayAxis() {
  const axis = h("div", { class: "bars" });
  const starts = [...new Set(PAGE.sequences[0].periods.map(([, first]) => first))];
  starts.forEach((day, i) => {
    const text = h("span", { text: day });
    text.style.flex = `${(starts[i + 1] || PAGE.days + 1) - day} 0 0`;
    axis.append(text);
  });
  return axis;
}

function designNotes() {
  if (!PAGE.design) return null;
  const { warnings, statement, description } = PAGE.design;
  return h("div", {}, description ? h("p", { text: description }) : null,
    warnings.length ? h("details", {}, h("summary", { text: "What this design cannot show, and what an analysis must mind" }),
      h("ul", { class: "warnings" }, warnings.map((text) => h("li", { text })))) : null,
    h("details", {}, h("summary", { text: "The design in the words of the CENT checklist" }),
      h("dl", { class: "statement" }, statement.map(([item, text]) => [h("dt", { text: item }), h("dd", { text })]))));
}

function cohortSection(view) {
  const cards = PAGE.courses.map((course) => card(course, view));
  const better = PAGE.courses.filter((course) => course.story && course.story.better).length;
  const whole = PAGE.courses.length === PAGE.patients ? "" : ` Shown: ${PAGE.courses.length} of ${PAGE.patients}, evenly chosen.`;
  const opens = PAGE.ranks.length < PAGE.courses.length ? ` ${plural(PAGE.ranks.length, "of them can", "of them can")} be opened.` : "";
  listen(["opened"], () => cards.forEach((one) => one.element.setAttribute("aria-current", String(one.rank === state.rank))));
  return section("cohort", "Everyone at a glance",
    `${better} of ${PAGE.courses.length} got clearly better at some point. The line is the recorded score: lower is better. ${PAGE.pictures ? "The faces: a day of the worst week and one of the best. " : ""}Choose a person to look closer.${whole}${opens}`,
    armKey(), h("div", { class: "cards" }, cards.filter((one) => one.able).map((one) => one.element)),
    cards.every((one) => one.able) ? null : h("h3", { text: "The others" }),
    h("div", { class: "cards compact" }, cards.filter((one) => !one.able).map((one) => one.element)));
}

function armKey() {
  return h("p", { class: "key" }, PAGE.labels.map((label) => {
    const dot = h("i", { class: label.free ? "free" : "", "aria-hidden": "true" });
    dot.style.background = colourOf(label);
    return h("span", {}, dot, label.name);
  }));
}

function card(course, view) {
  const able = PAGE.ranks.includes(course.rank);
  const faces = h("span", { class: "faces" });
  const element = h(able ? "button" : "div", { class: "card", type: able ? "button" : null, "data-rank": course.rank,
    "aria-label": able ? `Patient ${course.id}. ${course.words}` : null },
  h("span", { class: "name" }, h("b", { text: able && course.id.length < 5 ? `Patient ${course.id}` : course.id }),
    !able ? null : course.story && course.story.better ? h("span", { text: `better from day ${course.story.better}` }) : h("span", { text: "no clear change" })),
  faces, sparkline(course));
  if (able) {
    element.addEventListener("click", async () => {
      await view.open(course.rank);
      view.root.scrollIntoView({ block: "start" });
    });
  }
  return { element, faces, able, rank: course.rank };
}

function sparkline(course) {
  const [low, high] = PAGE.scale, width = 200, height = 56;
  const x = (day) => ((day - 1) / Math.max(1, PAGE.days - 1)) * width;
  const y = (v) => 5 + (1 - (v - low) / (high - low || 1)) * (height - 12);
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" });
  for (const [index, first, last] of course.periods) {
    const label = PAGE.labels[index], a = Math.max(0, x(first - 0.5)), b = Math.min(width, x(last + 0.5));
    svg.append(s("rect", { x: a, width: Math.max(0, b - a), y: 0, height, fill: colourOf(label), class: label.free ? "band free" : "band" }),
      s("rect", { x: a, width: Math.max(0, b - a), y: height - 2.5, height: 2.5, fill: colourOf(label) }));
  }
  svg.append(s("path", { d: pathOf(course.score, x, y), class: "recorded" }));
  const better = course.story && course.story.better;
  if (better) svg.append(s("line", { x1: x(better), x2: x(better), y1: 0, y2: height, class: "betterline" }));
  return svg;
}

// Small pictures on the cards and on paper, patient after patient while the reader reads.
function strips(cohort) {
  const paper = h("div", { id: "paper", "aria-hidden": "true" });
  const ranks = PAGE.pictures ? PAGE.ranks.slice(0, 24) : [];
  const idle = window.requestIdleCallback || ((act) => setTimeout(act, 50));
  const next = async () => {
    const rank = ranks.shift();
    if (rank === undefined) return void (document.documentElement.dataset.ready = "true");
    const side = (await patientOf(rank)).sides[0];
    paper.append(strip(rank, side));
    const story = courseOf.get(rank).story;
    const faces = cohort.querySelector(`.card[data-rank="${rank}"] .faces`);
    if (story && faces) faces.append(...[story.worst, story.best].sort((a, b) => a - b).map((day) => small(side, day)).filter(Boolean));
    idle(next);
  };
  idle(next);
  return paper;
}

function nearestPicture(side, day) {
  const days = [...side.daysShown].sort((a, b) => Math.abs(a - day) - Math.abs(b - day) || a - b);
  const i = days.length ? side.at.findIndex(([d]) => d === days[0]) : -1;
  return i < 0 ? null : { i, day: days[0] };
}

function small(side, day) {
  const found = nearestPicture(side, day);
  return found && h("img", { src: sourceOf(side, found.i), alt: "", title: `Day ${found.day}` });
}

function strip(rank, side) {
  const course = courseOf.get(rank);
  const days = [...new Set(Array.from({ length: 7 }, (_, k) => nearestPicture(side, Math.round(1 + (k * (PAGE.days - 1)) / 6)))
    .filter(Boolean).map((found) => found.i))];
  return h("div", { class: "strip" }, h("h3", { text: `Patient ${course.id}. ${course.words}` }), sparkline(course),
    h("div", { class: "row" }, days.map((i) => h("figure", {}, h("img", { src: sourceOf(side, i), alt: "" }),
      h("figcaption", { text: `day ${side.at[i][0]}` })))));
}
