// One patient: photographs above, course, counts and life-lines below, one cursor through all of them.

const MODES = [["compare", "Two days"], ["single", "One day"], ["twin", "Twin"]];

function patientSection() {
  const root = section("patient", "", null);
  const title = h("span", {});
  const view = { root, title, panes: [], frames: [], patient: null, course: null };
  const shown = PAGE.ranks.map((rank) => courseOf.get(rank));
  const choice = h("select", { id: "who", "aria-label": "Patient", onchange: () => open(Number(choice.value)) },
    shown.map((course) => h("option", { value: course.rank, text: `Patient ${course.id}` })));
  const step = (by) => open(PAGE.ranks[clamp(PAGE.ranks.indexOf(state.rank) + by, 0, PAGE.ranks.length - 1)]);
  view.words = h("p", { class: "story", "aria-live": "polite" });
  view.who = h("span", { class: "who" });
  root.querySelector("h2").append(title, view.who);
  view.numbers = h("div", { class: "numbers" });
  view.stage = h("div", { class: "stage" });
  view.below = h("div", { class: "below" });
  root.append(
    h("div", { class: "pick" },
      h("button", { type: "button", class: "quiet", text: "‹", "aria-label": "Previous patient", onclick: () => step(-1) }),
      choice,
      h("button", { type: "button", class: "quiet", text: "›", "aria-label": "Next patient", onclick: () => step(1) })),
    view.words, modeBar(view), (view.show = h("div", { class: "show" }, view.stage)), scrubber(view), view.below);
  const open = (rank) => openPatient(view, rank, choice);
  view.open = open;
  listen(["day", "pin", "occasion"], () => refresh(view));
  listen(["mode", "twin"], () => { layStage(view); timeline(view); });
  listen(["overlay", "hover", "on"], () => view.frames.forEach((one) => one.draw()));
  listen(["hover"], () => showHover(view));
  listen(["truth", "on", "order", "theme"], () => { refresh(view); timeline(view); });
  listen(["occasion"], () => timeline(view));
  let width = 0;
  new ResizeObserver(() => {
    if (width === root.clientWidth) return;
    width = root.clientWidth;
    timeline(view);
    view.frames.forEach((one) => one.draw());
  }).observe(root);
  keys(view, step);
  return view;
}

async function openPatient(view, rank, choice) {
  const patient = await patientOf(rank);
  const course = courseOf.get(rank);
  const story = course.story;
  Object.assign(view, { patient, course });
  choice.value = String(rank);
  view.title.textContent = `Patient ${course.id}`;
  view.who.textContent = course.who;
  view.words.textContent = course.words;
  const day = story ? (story.better ? clamp(story.better + 7, 1, PAGE.days) : story.best) : PAGE.days;
  Object.assign(state, { rank, hover: -1, pin: story ? story.worst : 1, day });
  if (state.pin > state.day) state.pin = 1;
  layStage(view);
  timeline(view);
  set({ opened: rank });
}

function modeBar(view) {
  const modes = MODES.filter(([key]) => key !== "twin" || (PAGE.twins.length && PAGE.truth));
  const buttons = modes.map(([key, name]) => toggle(name, () => state.mode === key, () => set({ mode: key }), { "data-mode": key }));
  listen(["mode"], () => buttons.forEach((button) => button.refresh()));
  const bar = h("div", { class: "bar" });
  if (PAGE.pictures) bar.append(h("div", { class: "segments", role: "group", "aria-label": "What is side by side" }, buttons));
  if (PAGE.twins.length > 1) {
    const twin = h("select", { class: "truthful", "aria-label": "Which twin", onchange: () => set({ twin: Number(twin.value), mode: "twin" }) },
      PAGE.twins.map((name, i) => h("option", { value: i + 1, text: viewName(name.replace(/-/g, " ")) })));
    listen(["mode"], () => (twin.hidden = state.mode !== "twin"));
    twin.hidden = true;
    bar.append(twin);
  }
  if (PAGE.occasions > 1) {
    const times = Array.from({ length: PAGE.occasions }, (_, i) => toggle(String(i + 1), () => state.occasion === i + 1,
      () => set({ occasion: i + 1 }), { "aria-label": `Photograph ${i + 1} of the day` }));
    listen(["occasion"], () => times.forEach((button) => button.refresh()));
    bar.append(h("div", { class: "segments", role: "group", "aria-label": "Which photograph of the day" }, times));
  }
  if (PAGE.truth && PAGE.pictures) {
    const lesions = toggle("Outline lesions", () => state.overlay, () => set({ overlay: !state.overlay }),
      { id: "overlay", class: "toggle truthful", title: "Key L" });
    listen(["overlay"], () => lesions.refresh());
    bar.append(lesions);
  }
  return bar;
}

// The panes of the mode: which side and which day each of them shows.
function panesOf(view) {
  const sides = view.patient.sides, own = sides[0];
  const here = { side: own, day: () => state.day, name: "" };
  if (state.mode === "compare") return [{ side: own, day: () => state.pin, name: "pinned" }, here];
  if (state.mode === "twin" && sides[state.twin] && state.truth) {
    return [here, { side: sides[state.twin], day: () => state.day, name: PAGE.twins[state.twin - 1].replace(/-/g, " ") }];
  }
  return [here];
}

function layStage(view) {
  if (!view.patient) return;
  view.frames = [];
  view.panes = panesOf(view).map((pane) => {
    const head = h("p", { class: "when" });
    const frames = PAGE.views.map((_, number) => frame(number));
    view.frames.push(...frames);
    const element = h("div", { class: "pane" + (pane.name ? " other" : "") }, head,
      PAGE.pictures ? h("div", { class: "views" }, frames.map((one) => one.figure)) : null);
    return { ...pane, head, frames, element };
  });
  view.stage.replaceChildren(...view.panes.map((pane) => pane.element));
  view.stage.dataset.panes = view.panes.length;
  view.stage.dataset.views = PAGE.views.length;
  refresh(view);
}

function refresh(view) {
  if (!view.patient) return;
  for (const pane of view.panes) {
    const day = pane.day();
    paneHead(pane, day);
    pane.frames.forEach((one) => one.show(pane.side, day));
  }
  view.range.value = state.day;
  const treatment = labelAt(view.patient.sides[0], state.day).name;
  view.range.setAttribute("aria-valuetext", `Day ${state.day}, ${treatment}, ${scoreWords(view.patient.sides[0], state.day)}`);
  moveCursor(view);
  numbersOfDay(view);
}

function scoreWords(side, day) {
  const value = (side.score[state.occasion - 1] || side.score[0])[day - 1];
  return value === null || value === undefined ? "no score" : `score ${short(value)}`;
}

function paneHead(pane, day) {
  const label = labelAt(pane.side, day);
  const dot = h("i", { "aria-hidden": "true" });
  dot.style.background = colourOf(label);
  pane.head.replaceChildren(h("b", { text: `Day ${day}` }), dot, h("span", { text: label.name }),
    h("span", { class: "score", text: scoreWords(pane.side, day) }),
    pane.name ? h("em", { text: pane.side.number ? `twin: ${pane.name}` : "pinned" }) : "");
}

function scrubber(view) {
  view.range = h("input", { type: "range", id: "day", min: 1, max: PAGE.days, step: 1, value: 1, "aria-label": "Day of the study",
    oninput: () => set({ day: Number(view.range.value) }) });
  const play = h("button", { type: "button", class: "play", id: "play", text: "Play", "aria-pressed": "false", title: "Key: space" });
  let timer = 0;
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; play.setAttribute("aria-pressed", "false"); };
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (state.day >= PAGE.days) set({ day: 1 });
    play.textContent = "Stop";
    play.setAttribute("aria-pressed", "true");
    timer = setInterval(() => (state.day >= PAGE.days ? stop() : set({ day: state.day + 1 })), Math.max(60, 12000 / PAGE.days));
  });
  const jump = (name, day, hint) => h("button", { type: "button", class: "quiet", title: hint, onclick: () => {
    if (view.course && view.course.story && day(view.course.story)) set({ day: day(view.course.story) });
  } }, name);
  const pin = h("button", { type: "button", class: "quiet", id: "pin", text: "Pin this day", title: "Compare other days with this one (key P)",
    onclick: () => set({ pin: state.day, mode: "compare" }) });
  return h("div", { class: "scrub" },
    h("div", { class: "bar" }, play, jump("Worst week", (story) => story.worst), jump("Best week", (story) => story.best),
      jump("Got better", (story) => story.better), PAGE.pictures ? pin : null,
      h("span", { class: "hint", text: "Drag along the days, or use the arrow keys." })),
    view.range);
}

function keys(view, step) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -7, PageDown: 7 }[event.key];
    const near = view.root.contains(event.target) || event.target === document.body;
    if (!near) return;
    const onButton = event.target.closest("button, summary, a");
    if (by && (event.key.startsWith("Arrow") || view.root.contains(event.target))) set({ day: clamp(state.day + by, 1, PAGE.days) });
    else if (event.key === " " && view.root.contains(event.target) && !onButton) document.getElementById("play").click();
    else if (event.key === "l" && PAGE.truth) set({ overlay: !state.overlay });
    else if (event.key === "p") set({ pin: state.day, mode: "compare" });
    else if (event.key === "t" && PAGE.truth) set({ truth: !state.truth });
    else if (event.key === "n" || event.key === "b") step(event.key === "n" ? 1 : -1);
    else return;
    event.preventDefault();
  });
}
