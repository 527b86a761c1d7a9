// The stage: photograph, grid, points, loupe; and the sheet beside it.

const SVG = "http://www.w3.org/2000/svg";
const view = { scale: 1, x: 0, y: 0 };

function s(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const pathOf = (line) => "M" + line.map(([x, y]) => `${x},${y}`).join("L");

function show(url) {
  const photo = $("photo");
  return new Promise((resolve, reject) => {
    photo.onload = resolve;
    photo.onerror = () => reject(new Error("The photograph cannot be shown."));
    photo.src = url;
  });
}

// The whole photograph in the middle of the stage.
function fitStage() {
  const box = $("stage").getBoundingClientRect();
  view.scale = Math.min((box.width - 24) / state.size[0], (box.height - 24) / state.size[1]);
  view.x = (box.width - state.size[0] * view.scale) / 2;
  view.y = (box.height - state.size[1] * view.scale) / 2;
  place();
}

function place() {
  const frame = $("frame").style;
  frame.width = `${state.size[0] * view.scale}px`;
  frame.height = `${state.size[1] * view.scale}px`;
  frame.transform = `translate(${view.x}px, ${view.y}px)`;
}

// A place of the stage in pixels of the photograph: whole numbers are the middles of its pixels.
const toPhoto = (x, y) => [(x - view.x) / view.scale - 0.5, (y - view.y) / view.scale - 0.5];

function drawMarks() {
  const marks = $("marks"), [width, height] = state.size, unit = 1 / view.scale;
  marks.setAttribute("viewBox", `-0.5 -0.5 ${width} ${height}`);
  const nodes = state.grid ? state.lines.map((line) => s("path", { d: pathOf(line) })) : [];
  POINTS.forEach((point, k) => {
    if (!isSet(point.name)) return;
    const [x, y] = state.points[point.name];
    nodes.push(s("circle", { cx: x, cy: y, r: 8 * unit, class: k === state.chosen ? "now" : null, "data-name": point.name }));
    const text = s("text", { x, y }, String(k + 1));
    text.style.fontSize = `${10 * unit}px`;
    nodes.push(text);
  });
  marks.replaceChildren(...nodes);
}

function drawScheme() {
  const flip = (line) => line.map(([x, y]) => [x, -y]);
  const nodes = PAGE.face.map((line) => s("path", { d: pathOf(flip(line)), class: "face" }));
  POINTS.forEach((point, k) => {
    const now = k === state.chosen, [x, y] = point.at;
    if (now) nodes.push(s("circle", { cx: x, cy: -y, r: 12, class: "ring" }));
    nodes.push(s("circle", { cx: x, cy: -y, r: now ? 6 : 4, class: now ? "now" : isSet(point.name) ? "set" : null }));
  });
  $("scheme").replaceChildren(...nodes);
}

function drawList() {
  $("points").replaceChildren(...POINTS.map((point, k) => {
    const row = document.createElement("li"), number = document.createElement("i"), label = document.createElement("span");
    number.textContent = k + 1;
    label.textContent = point.label;
    row.append(number, label);
    row.dataset.name = point.name;
    row.className = [k === state.chosen && "now", isSet(point.name) && "set", isDone(point.name) && !isSet(point.name) && "off"].filter(Boolean).join(" ");
    row.addEventListener("click", () => { state.chosen = k; draw(); });
    return row;
  }));
}

function draw() {
  const photo = PAGE.photos[state.photo], point = POINTS[state.chosen], left = PAGE.photos.filter((one) => !one.done).length;
  const ready = countSet() >= PAGE.least && !state.error && POINTS.every((one) => isDone(one.name));
  $("title").textContent = photo.name;
  $("count").textContent = `Photograph ${state.photo + 1} of ${PAGE.photos.length}; ${left ? `${left} without landmarks` : "all have landmarks"}`;
  $("step").textContent = point ? `Point ${state.chosen + 1} of ${POINTS.length}` : "All points are set";
  $("label").textContent = point ? point.label : left > 1 || (left && photo.done) ? "Save, and go on" : photo.done && !state.dirty ? "Saved" : "Save them";
  $("hint").textContent = point ? point.hint : "Look whether the grid lies on the face; drag what does not fit.";
  $("message").textContent = state.message;
  $("save").disabled = !ready;
  $("save").textContent = PAGE.photos.length > 1 ? "Save, next photograph" : "Save";
  $("undo").disabled = !state.history.length;
  $("hidden").disabled = !point;
  $("back").disabled = $("skip").disabled = PAGE.photos.length < 2;
  $("grid").setAttribute("aria-pressed", String(state.grid));
  $("error").hidden = !state.error;
  $("error").textContent = state.error || "";
  $("frame").hidden = Boolean(state.error);
  document.documentElement.dataset.photo = state.photo;
  if (!state.error) drawMarks();
  drawScheme();
  drawList();
}

// The place under the pointer, four times as large as on the stage, beside the pointer.
function drawLoupe(x, y) {
  const loupe = $("loupe"), photo = $("photo"), pen = loupe.getContext("2d"), stage = $("stage").getBoundingClientRect();
  const [px, py] = toPhoto(x, y), inside = px > -1 && py > -1 && px < state.size[0] && py < state.size[1];
  loupe.hidden = !inside || Boolean(state.error);
  if (loupe.hidden || !photo.naturalWidth) return;
  const zoom = Math.max(4 * view.scale, 1), half = 90 / zoom, share = photo.naturalWidth / state.size[0];
  pen.fillStyle = "#000";
  pen.fillRect(0, 0, 360, 360);
  pen.imageSmoothingEnabled = zoom < 6;
  pen.drawImage(photo, (px + 0.5 - half) * share, (py + 0.5 - half) * share, 2 * half * share, 2 * half * share, 0, 0, 360, 360);
  for (const [colour, wide] of [["rgba(0,0,0,.6)", 4], ["#ffb000", 1.6]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = wide;
    pen.beginPath();
    for (const [a, b] of [[30, 160], [200, 330]]) {
      pen.moveTo(180, a); pen.lineTo(180, b);
      pen.moveTo(a, 180); pen.lineTo(b, 180);
    }
    pen.stroke();
  }
  const right = x + 220 < stage.width, up = y - 200 > 0;
  loupe.style.left = `${right ? x + 30 : x - 210}px`;
  loupe.style.top = `${up ? y - 200 : Math.min(y + 30, stage.height - 184)}px`;
}
