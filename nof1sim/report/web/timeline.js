// Course, counts and life-lines of a patient over the same days, with one cursor to drag; the numbers of the day.

function timeline(view) {
  if (!view.patient) return;
  const width = Math.max(280, Math.floor(view.root.clientWidth));
  const side = view.patient.sides[0];
  const twin = state.mode === "twin" ? view.patient.sides[state.twin] : null;
  const cursor = h("div", { class: "cursor", "aria-hidden": "true" });
  const mark = h("div", { class: "cursor pin", "aria-hidden": "true" });
  const tracks = h("div", { class: "tracks", id: "tracks" }, scorePlot(view.course, side, twin, width), key(side, twin));
  Object.assign(view, { width, cursor, mark, tracks, lines: null });
  if (side.lesions && state.truth) lesionTracks(view, side, tracks);
  tracks.append(mark, cursor);
  dragging(view);
  view.below.replaceChildren(tracks, side.lesions && state.truth ? view.tip : "");
  const beside = PAGE.pictures > 0 && width >= 900;
  view.show.classList.toggle("beside", beside);
  (beside ? view.show : view.below).append(view.numbers);
  view.below.append(truthOf(view));
  moveCursor(view);
  numbersOfDay(view);
}

function lesionTracks(view, side, tracks) {
  const counts = countPlot(side, view.width);
  if (counts) tracks.append(h("h3", { text: "Inflammatory lesions by day" }), counts);
  const order = h("button", { type: "button", class: "quiet small", text: state.order === "place" ? "by place" : "by birth",
    "aria-label": "Order of the life-lines", onclick: () => set({ order: state.order === "place" ? "birth" : "place" }) });
  view.lines = lifelines(side.lesions, view.width);
  const there = new Set(side.lesions.runs.flatMap((runs) => runs.filter((_, i) => i % 3 === 2)));
  const labels = view.lines.labels.filter((label) => label.height > 9).map((label) => {
    const text = h("span", { text: label.name });
    text.style.top = `${label.y}px`;
    return text;
  });
  tracks.append(h("h3", {}, "The life of every lesion, ", order), legendOf(view, there),
    h("div", { class: "lines" }, view.lines.canvas, h("div", { class: "names", "aria-hidden": "true" }, labels)));
  view.tip = h("p", { class: "tip", "aria-live": "polite" });
  view.lines.canvas.addEventListener("pointermove", (event) => set({ hover: view.lines.find(event.offsetX, event.offsetY) }));
  view.lines.canvas.addEventListener("pointerleave", () => set({ hover: -1 }));
  showHover(view);
}

// The legend is made once; kinds that this patient never has are left out.
function legendOf(view, there) {
  view.chips = view.chips || legend();
  GROUPS.forEach((group, i) => (view.chips.children[i].hidden = !group.codes.some((code) => there.has(code))));
  return view.chips;
}

function key(side, twin) {
  const item = (kind, text) => h("span", {}, s("svg", { width: 26, height: 10, "aria-hidden": "true" },
    s("path", { d: "M1 5h24", class: kind })), text);
  const gaps = side.score.some((values) => values.includes(null));
  return h("p", { class: "key" }, item("recorded", "recorded score"),
    side.severity && state.truth ? item("true", "true severity, 0 to 3") : null,
    twin && state.truth ? item("twin", "the twin's true severity") : null, gaps ? h("span", { text: "× no score" }) : null);
}

function showHover(view) {
  if (!view.tip) return;
  const lesions = view.patient.sides[0].lesions;
  const known = state.hover >= 0 && state.hover < lesions.id.length;
  view.tip.textContent = known ? tellLesion(lesions, state.hover, state.day) : "Point at a line, or at a spot on the face.";
  const place = known && view.lines ? view.lines.places[state.hover] : null;
  const names = view.lines.canvas.nextSibling;
  let line = names.querySelector("i");
  if (!line) names.append((line = h("i", {})));
  line.hidden = !place;
  if (!place) return;
  const [a, b] = bandEdges(place.first, place.last, view.width);
  Object.assign(line.style, { left: `${a}px`, width: `${b - a}px`, top: `${place.y - 1}px`, height: `${Math.max(3, view.lines.row + 2)}px` });
}

function moveCursor(view) {
  if (!view.cursor) return;
  view.cursor.style.left = `${dayToX(state.day, view.width)}px`;
  view.mark.style.left = `${dayToX(state.pin, view.width)}px`;
  view.mark.hidden = state.mode !== "compare";
}

function dragging(view) {
  const move = (event) => {
    const at = view.tracks.getBoundingClientRect();
    set({ day: xToDay(event.clientX - at.left, view.width) });
  };
  view.tracks.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    view.dragged = true;
    move(event);
  });
  view.tracks.addEventListener("pointermove", (event) => { if (view.dragged && event.buttons) move(event); });
  for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, () => (view.dragged = false));
}

const COUNT_WORDS = { n_inflammatory: "inflammatory", n_noninflammatory: "comedones", n_papule: "papules", n_pustule: "pustules",
  n_nodule: "nodules", n_erythema: "red marks", n_hyperpigmentation: "brown marks", n_scar: "scars", hayashi: "Hayashi class",
  iga: "IGA", gags_face: "GAGS (face)", gea: "GEA" };

function numbersOfDay(view) {
  if (!view.numbers || !view.patient) return;
  const side = view.patient.sides[0], at = state.day - 1;
  const row = [["recorded score", short((side.score[state.occasion - 1] || side.score[0])[at])]];
  if (state.truth && side.severity) row.push(["true severity", short(side.severity[at])]);
  if (state.truth && side.counts) {
    for (const [name, values] of Object.entries(side.counts)) row.push([COUNT_WORDS[name] || name, short(values[at], 0)]);
  }
  view.numbers.replaceChildren(h("h3", { text: `Day ${state.day} in numbers` }),
    h("dl", {}, row.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value })))));
}

function truthOf(view) {
  const truth = view.patient.sides[0].truth;
  if (!truth || !state.truth) return "";
  const parts = [];
  if (truth.steady_contrast !== undefined) parts.push(`true long-run difference between the treatments ${signed(truth.steady_contrast)}`);
  if (truth.realised_contrast !== undefined) parts.push(`difference over the study's days ${signed(truth.realised_contrast)}`);
  if (truth.responder !== undefined) parts.push(truth.responder ? "a responder" : "no responder");
  return parts.length ? h("p", { class: "aside", text: `What the simulator knows (grades of 0 to 3): ${parts.join("; ")}.` }) : "";
}

const signed = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + short(Math.abs(value));
