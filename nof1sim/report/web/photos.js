// The photographs of a day: all views side by side, lesions outlined on top, a day beside a day or a twin beside a twin.

// Everything of a patient, unpacked when first looked at: numbers, pictures, and the place of each picture.
const patients = new Map();

async function patientOf(rank) {
  if (!patients.has(rank)) {
    const load = SERVED ? fetch(`patient/${rank}`).then((answer) => answer.json()) : Promise.resolve(read(`patient-${rank}`));
    patients.set(rank, load.then((patient) => unpack(patient)));
    if (patients.size > 6) patients.delete(patients.keys().next().value);
  }
  return patients.get(rank);
}

function unpack(patient) {
  const pictures = SERVED ? null : read(`pictures-${patient.rank}`);
  patient.sides.forEach((side, number) => {
    side.number = number;
    side.rank = patient.rank;
    side.place = new Map(side.at.map(([day, occasion, view], i) => [`${day}/${occasion}/${view}`, i]));
    side.daysShown = [...new Set(side.at.map(([day]) => day))].sort((a, b) => a - b);
    side.pictures = pictures && pictures[number];
  });
  return patient;
}

// The picture's index, on that day or, where days were left out to save room, on the nearest earlier one that is here.
function pictureAt(side, day, occasion, view) {
  const exact = side.place.get(`${day}/${occasion}/${view}`);
  if (exact !== undefined) return { i: exact, day };
  const gaps = courseOf.get(side.rank).gaps;
  if (SERVED || PAGE.sampling.every + PAGE.sampling.twin_every <= 2 || "2345".includes(gaps[day - 1])) return null;
  for (const near of side.daysShown.filter((d) => d <= day).reverse().slice(0, 1)) {
    const i = side.place.get(`${near}/${occasion}/${view}`);
    if (i !== undefined) return { i, day: near };
  }
  return null;
}

function sourceOf(side, i) {
  if (!SERVED) return `data:image/webp;base64,${side.pictures[i]}`;
  const [day, occasion, view] = side.at[i];
  return `image/${side.number}/${side.rank}/${day}/${occasion}/${encodeURIComponent(PAGE.views[view])}`;
}

// Boxes of a picture: [index of the lesion, centre x, y, width, height], shares of the picture.
function boxesOf(side, i) {
  if (!side.boxes || !side.boxes[i]) return [];
  const bytes = Uint8Array.from(atob(side.boxes[i]), (letter) => letter.charCodeAt(0));
  const found = [];
  let lesion = -1;
  for (let at = 0; at + 6 <= bytes.length; at += 6) {
    lesion += bytes[at];
    const x = (bytes[at + 1] << 4) | (bytes[at + 2] >> 4), y = ((bytes[at + 2] & 15) << 8) | bytes[at + 3];
    if (bytes[at + 4]) found.push([lesion, x / 4095, y / 4095, bytes[at + 4] / 512, bytes[at + 5] / 512]);
  }
  return found;
}

// One photograph with its overlay. show(side, day) puts another one in.
function frame(view) {
  const image = h("img", { alt: "", draggable: "false", decoding: "sync" });
  const canvas = h("canvas", { "aria-hidden": "true" });
  const note = h("p", { class: "none", hidden: true });
  const stamp = h("span", { class: "stamp" });
  const box = h("div", { class: "frame" }, image, canvas, note, stamp);
  const caption = h("figcaption", {});
  const figure = h("figure", {}, box, caption);
  let now = null, boxes = [], wanted = 0;

  function show(side, day) {
    const found = pictureAt(side, day, state.occasion, view);
    now = found && { side, day: found.day, i: found.i };
    note.hidden = Boolean(found);
    image.hidden = !found;
    image.dataset.day = found ? found.day : "";
    const asked = PAGE.views.length > 1 ? viewName(PAGE.views[view]) : "";
    if (found) {
      image.src = sourceOf(side, found.i);
      image.alt = `Patient ${courseOf.get(side.rank).id}, day ${found.day}, ${viewName(PAGE.views[view])} view`;
      stamp.textContent = `photograph of day ${found.day}`;
      boxes = boxesOf(side, found.i);
    } else {
      note.textContent = PAGE.pictures ? `No photograph on day ${day}` : "No photographs in this dataset";
      boxes = [];
    }
    caption.textContent = asked;
    stamp.hidden = !found || found.day === day;
    draw();
  }

  function draw() {
    const size = box.clientWidth, scale = Math.max(1, window.devicePixelRatio || 1);
    canvas.hidden = !now || !state.truth || (!state.overlay && state.hover < 0);
    if (canvas.hidden || !size) return;
    canvas.width = canvas.height = Math.round(size * scale);
    const pen = canvas.getContext("2d");
    if (state.overlay) outlines(pen, now, boxes, canvas.width, scale);
    ring(pen, boxes.find(([lesion]) => lesion === state.hover), canvas.width, scale);
    if (state.overlay && SERVED) masks(now, canvas, ++wanted, () => wanted);
  }

  box.addEventListener("pointermove", (event) => {
    if (!now || !now.side.lesions || !state.truth || now.side.number) return;
    const at = box.getBoundingClientRect();
    const x = (event.clientX - at.left) / at.width, y = (event.clientY - at.top) / at.height;
    set({ hover: nearest(now, boxes, x, y) });
  });
  box.addEventListener("pointerleave", () => set({ hover: -1 }));
  return { figure, show, draw };
}

function nearest(now, boxes, x, y) {
  let best = -1, distance = 0.025;
  for (const [lesion, cx, cy] of boxes) {
    const group = GROUP_OF[stageOn(now.side.lesions.runs[lesion], now.day)];
    const off = Math.hypot(cx - x, cy - y);
    if (off < distance && group && state.on.has(group.key)) [best, distance] = [lesion, off];
  }
  return best;
}

function outlines(pen, now, boxes, size, scale) {
  for (const [lesion, x, y, w, hh] of boxes) {
    const group = GROUP_OF[stageOn(now.side.lesions.runs[lesion], now.day)];
    if (!group || !state.on.has(group.key)) continue;
    const rx = (w / 2) * size + 2.5 * scale, ry = (hh / 2) * size + 2.5 * scale;
    pen.beginPath();
    pen.ellipse(x * size, y * size, rx, ry, 0, 0, 7);
    pen.lineWidth = 3 * scale;
    pen.strokeStyle = "rgba(0,0,0,.45)";
    pen.stroke();
    pen.lineWidth = 1.5 * scale;
    pen.strokeStyle = group.colour;
    pen.stroke();
  }
}

function ring(pen, box, size, scale) {
  if (!box) return;
  const [, x, y, w, hh] = box;
  pen.beginPath();
  pen.arc(x * size, y * size, (Math.max(w, hh) / 2) * size + 7 * scale, 0, 7);
  pen.lineWidth = 4 * scale;
  pen.strokeStyle = "rgba(0,0,0,.6)";
  pen.stroke();
  pen.lineWidth = 2 * scale;
  pen.strokeStyle = "#FFFFFF";
  pen.stroke();
}

// Served only: the silhouettes themselves, from the masks, in the colours of the stages; the outlines stay until then.
async function masks(now, canvas, mine, latest) {
  const answer = await fetch(sourceOf(now.side, now.i).replace(/^image/, "mask"));
  if (!answer.ok || mine !== latest()) return;
  const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: "none" });
  if (mine !== latest()) return;
  const sheet = new OffscreenCanvas(bitmap.width, bitmap.height);
  const pen = sheet.getContext("2d", { willReadFrequently: true });
  pen.drawImage(bitmap, 0, 0);
  const data = pen.getImageData(0, 0, bitmap.width, bitmap.height);
  for (let p = 0; p < data.data.length; p += 4) {
    const group = GROUP_OF[data.data[p] - 1];
    const seen = group && state.on.has(group.key);
    const colour = seen ? parseInt(group.colour.slice(1), 16) : 0;
    data.data.set([colour >> 16, (colour >> 8) & 255, colour & 255, seen ? 150 : 0], p);
  }
  pen.putImageData(data, 0, 0);
  canvas.getContext("2d").drawImage(sheet, 0, 0, canvas.width, canvas.height);
}
