// Hands: clicks, drags, the wheel, keys and buttons.

const stage = $("stage");
const REACH_PX = 13;
let drag = null;

const at = (event) => {
  const box = stage.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

function near(x, y) {
  let best = null, least = REACH_PX;
  for (const point of POINTS) {
    if (!isSet(point.name)) continue;
    const [px, py] = state.points[point.name];
    const away = Math.hypot((px + 0.5) * view.scale + view.x - x, (py + 0.5) * view.scale + view.y - y);
    if (away < least) [best, least] = [point.name, away];
  }
  return best;
}

const within = ([x, y]) => [Math.min(Math.max(x, 0), state.size[0] - 1), Math.min(Math.max(y, 0), state.size[1] - 1)];
const round = ([x, y]) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10];

stage.addEventListener("pointerdown", (event) => {
  if (state.error || event.button > 1) return;
  const [x, y] = at(event), name = near(x, y);
  stage.setPointerCapture(event.pointerId);
  drag = { x, y, name, from: { ...view }, moved: false, before: copy(state.points) };
  if (name) state.chosen = POINTS.findIndex((point) => point.name === name);
  if (name) draw();
});

stage.addEventListener("pointermove", (event) => {
  const [x, y] = at(event);
  if (drag && Math.hypot(x - drag.x, y - drag.y) > 4) drag.moved = true;
  if (drag && drag.moved && drag.name) {
    state.points[drag.name] = round(within(toPhoto(x, y)));
    draw();
  } else if (drag && drag.moved) {
    view.x = drag.from.x + x - drag.x;
    view.y = drag.from.y + y - drag.y;
    place();
  }
  if (drag && drag.moved && !drag.name) $("loupe").hidden = true;
  else drawLoupe(x, y);
});

stage.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const [x, y] = at(event), { name, moved, before } = drag;
  drag = null;
  if (name && moved) {
    const points = copy(state.points);
    state.points = before;
    change(points, nextOpenOf(points));
  } else if (!name && !moved) {
    const spot = toPhoto(x, y), inside = within(spot);
    const point = POINTS[state.chosen];
    if (point && Math.hypot(spot[0] - inside[0], spot[1] - inside[1]) < 2) put(point.name, round(inside));
  }
});

stage.addEventListener("pointercancel", () => {
  if (drag && drag.name) state.points = drag.before;
  drag = null;
  draw();
});
stage.addEventListener("pointerleave", () => { $("loupe").hidden = true; });

const nextOpenOf = (points) => {
  const found = POINTS.findIndex((point) => !(point.name in points));
  return found;
};

stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const [x, y] = at(event), box = stage.getBoundingClientRect();
  const least = Math.min(box.width / state.size[0], box.height / state.size[1]) / 2;
  const scale = Math.min(Math.max(view.scale * Math.exp(-event.deltaY / 400), least), 24);
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  place();
  drawMarks();
  drawLoupe(x, y);
}, { passive: false });

const hide = () => { if (POINTS[state.chosen]) put(POINTS[state.chosen].name, null); };
const go = (by) => open((state.photo + by + PAGE.photos.length) % PAGE.photos.length);
const toggleGrid = () => { state.grid = !state.grid; draw(); };

function nudge(dx, dy) {
  const point = POINTS[state.chosen];
  if (!point || !isSet(point.name)) return;
  const [x, y] = state.points[point.name];
  change({ ...copy(state.points), [point.name]: round(within([x + dx, y + dy])) }, state.chosen);
}

const KEYS = { h: hide, g: toggleGrid, Enter: save, PageDown: () => go(1), PageUp: () => go(-1),
  ArrowLeft: () => nudge(-1, 0), ArrowRight: () => nudge(1, 0), ArrowUp: () => nudge(0, -1), ArrowDown: () => nudge(0, 1) };

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") undo();
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.target.tagName === "BUTTON" && event.key === "Enter") return;
  else if (KEYS[event.key]) KEYS[event.key]();
  else return;
  event.preventDefault();
});

$("hidden").addEventListener("click", hide);
$("undo").addEventListener("click", undo);
$("grid").addEventListener("click", toggleGrid);
$("clear").addEventListener("click", () => change({}, 0));
$("save").addEventListener("click", save);
$("back").addEventListener("click", () => go(-1));
$("skip").addEventListener("click", () => go(1));
window.addEventListener("resize", () => { fitStage(); draw(); });
window.addEventListener("beforeunload", (event) => { if (state.dirty) event.preventDefault(); });

const first = PAGE.photos.findIndex((photo) => !photo.done);
open(first < 0 ? 0 : first).then(() => { document.documentElement.dataset.ready = "true"; });
