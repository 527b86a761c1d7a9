// What is known of the photograph on the stage, and what the server is asked.

const PAGE = JSON.parse(document.getElementById("document").textContent);
const POINTS = PAGE.points;
const $ = (id) => document.getElementById(id);

// points: name -> [x, y] px of the photograph, null for a hidden one. chosen: index of the point that a click sets.
const state = { photo: -1, size: [1, 1], points: {}, chosen: 0, history: [], dirty: false, grid: true, lines: [],
  message: "", error: null };

const isSet = (name) => Array.isArray(state.points[name]);
const isDone = (name) => name in state.points;
const countSet = () => POINTS.filter((point) => isSet(point.name)).length;
const copy = (points) => JSON.parse(JSON.stringify(points));

async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

async function open(index) {
  if (state.dirty && !window.confirm("The points of this photograph are not saved. Leave it all the same?")) return;
  Object.assign(state, { photo: index, points: {}, history: [], dirty: false, lines: [], message: "", error: null });
  try {
    const found = await ask(`points/${index}`);
    if (state.photo !== index) return;
    state.size = found.size_px;
    state.points = found.points_px;
    state.message = found.message;
    await show(`photo/${index}`);
  } catch (error) {
    state.error = error.message;
  }
  state.chosen = nextOpen(-1);
  fitStage();
  draw();
  await preview();
}

const nextOpen = (after) => {
  for (let k = 1; k <= POINTS.length; k++) {
    const at = (after + k) % POINTS.length;
    if (!isDone(POINTS[at].name)) return at;
  }
  return -1;
};

function change(points, chosen) {
  state.history.push([copy(state.points), state.chosen]);
  state.points = points;
  state.chosen = chosen;
  state.dirty = true;
  draw();
  preview();
}

function put(name, at) {
  const points = { ...copy(state.points), [name]: at };
  const before = state.points;
  state.points = points;
  const chosen = nextOpen(POINTS.findIndex((point) => point.name === name));
  state.points = before;
  change(points, chosen);
}

function undo() {
  const last = state.history.pop();
  if (!last) return;
  [state.points, state.chosen] = last;
  state.dirty = state.history.length > 0;
  draw();
  preview();
}

let asked = 0;
async function preview() {
  const mine = ++asked;
  const known = Object.fromEntries(Object.entries(state.points).filter(([, at]) => at));
  let found = { lines: [], message: "" };
  try {
    if (Object.keys(known).length >= PAGE.least) found = await ask(`fit/${state.photo}`, { points_px: known });
  } catch (error) {
    found.message = error.message;
  }
  if (mine !== asked) return;
  Object.assign(state, { lines: found.lines, message: found.message });
  draw();
}

async function save() {
  if ($("save").disabled) return;
  try {
    await ask(`save/${state.photo}`, { points_px: state.points });
  } catch (error) {
    state.message = error.message;
    draw();
    return;
  }
  PAGE.photos[state.photo].done = true;
  state.dirty = false;
  const order = PAGE.photos.map((_, k) => (state.photo + 1 + k) % PAGE.photos.length);
  const next = order.find((k) => !PAGE.photos[k].done);
  if (next === undefined) {
    state.message = "";
    draw();
  } else await open(next);
}
