// The course of a patient: treatment bands, recorded score, true severity. The days run as in the lesions' plot below.

const GUTTER = 34;
const RIGHT = 10;

const dayToX = (day, width) => GUTTER + ((day - 1) / Math.max(1, PAGE.days - 1)) * (width - GUTTER - RIGHT);
const xToDay = (x, width) =>
  clamp(Math.round(((x - GUTTER) / (width - GUTTER - RIGHT)) * (PAGE.days - 1)) + 1, 1, PAGE.days);

// Bands reach half a day beyond their days, but not out of the plot.
function bandEdges(first, last, width) {
  return [Math.max(GUTTER, dayToX(first - 0.5, width)), Math.min(width - RIGHT, dayToX(last + 0.5, width))];
}

function ticks(low, high) {
  const rough = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => size >= rough * 0.99) || 1;
  const whole = high - low <= 5 && Number.isInteger(low) ? 1 : step;
  const found = [];
  for (let v = Math.ceil(low / whole) * whole; v <= high + 1e-9; v += whole) found.push(+v.toFixed(6));
  return found;
}

// An SVG path over the days that have a value; a gap breaks it. A lone value is a short stroke.
function pathOf(values, x, y) {
  let path = "";
  values.forEach((value, i) => {
    if (value === null) return;
    const joined = i > 0 && values[i - 1] !== null;
    path += `${joined ? "L" : "M"}${x(i + 1).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!joined && (i + 1 >= values.length || values[i + 1] === null)) path += "h.01";
  });
  return path;
}

function bands(periods, width, top, height, named) {
  return periods.map(([index, first, last]) => {
    const label = PAGE.labels[index];
    const [a, b] = bandEdges(first, last, width);
    const room = Math.floor((b - a - 6) / 6.4);
    const text = label.name.length <= room ? label.name : room >= 4 ? label.name.slice(0, room - 1) + "…" : "";
    return s("g", {}, s("title", { text: `${label.name}: day ${first} to ${last}` }),
      s("rect", { x: a, y: top, width: Math.max(0, b - a), height, fill: colourOf(label),
        class: label.free ? "band free" : "band" }),
      s("rect", { x: a, y: top, width: Math.max(0, b - a), height: 3, fill: colourOf(label) }),
      named ? s("text", { x: (a + b) / 2, y: top + 17, class: "bandname", "text-anchor": "middle", text }) : null);
  });
}

function dayTicks(width) {
  const most = Math.max(3, Math.floor((width - GUTTER) / 62));
  const step = [1, 2, 7, 14, 28, 56, 84, 168, 364, 728].find((days) => PAGE.days / days <= most) || 1000;
  const found = [1];
  for (let day = step; day <= PAGE.days; day += step) if (day - 1 >= step * 0.6 || step < 3) found.push(day);
  return [...new Set(found)];
}

// side: that of the dataset; twin: the side that is compared, or null.
function scorePlot(course, side, twin, width) {
  const top = 4, height = width < 500 ? 170 : 210, bottom = 24;
  const [low, high] = PAGE.scale;
  const inner = height - top - bottom;
  const y = (v) => top + 30 + (1 - (v - low) / (high - low || 1)) * (inner - 40);
  const grade = (v) => (v === null ? null : low + (v / 3) * (high - low));
  const x = (day) => dayToX(day, width);
  const svg = s("svg", { class: "score", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Recorded severity of patient ${course.id} by day. ${course.words}` });
  svg.append(...bands(course.periods, width, top, inner, true));
  for (const tick of ticks(low, high)) {
    svg.append(s("line", { x1: GUTTER, x2: width - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }),
      s("text", { x: GUTTER - 7, y: y(tick) + 4, class: "tick", "text-anchor": "end", text: short(tick) }));
  }
  for (const day of dayTicks(width)) {
    svg.append(s("text", { x: x(day), y: height - 8, class: "tick", "text-anchor": "middle", text: day }));
  }
  if (twin && twin.severity && state.truth) svg.append(s("path", { d: pathOf(twin.severity.map(grade), x, y), class: "twin" }));
  side.score.forEach((values, occasion) => svg.append(s("path", { d: pathOf(values, x, y),
    class: side.score.length > 1 && occasion + 1 !== state.occasion ? "recorded faint" : "recorded" })));
  if (side.severity && state.truth) svg.append(s("path", { d: pathOf(side.severity.map(grade), x, y), class: "true" }));
  const story = course.story;
  if (story && story.better) {
    const at = x(story.better), right = at < width * 0.7;
    svg.append(s("g", { class: "better" }, s("line", { x1: at, x2: at, y1: top + 24, y2: top + inner }),
      s("text", { x: at + (right ? 6 : -6), y: top + 36, "text-anchor": right ? "start" : "end", text: "better from here" })));
  }
  [...course.gaps].forEach((code, i) => {
    if (code === "1" || code === "3") {
      svg.append(s("path", { class: "gap", d: `M${x(i + 1) - 2.5} ${top + inner - 6}l5 5m0 -5l-5 5` },
        s("title", { text: `Day ${i + 1}: no score` })));
    }
  });
  return svg;
}

// A band of lesions counted by day, drawn small.
function countPlot(side, width) {
  if (!side.counts || !side.counts.n_inflammatory) return null;
  const values = side.counts.n_inflammatory, height = 62, most = Math.max(10, ...values.filter((v) => v !== null));
  const x = (day) => dayToX(day, width), y = (v) => height - 4 - (v / most) * (height - 16);
  const known = values.map((v, i) => [i + 1, v]).filter(([, v]) => v !== null);
  if (!known.length) return null;
  const line = known.map(([day, v]) => `${x(day).toFixed(1)} ${y(v).toFixed(1)}`).join("L");
  return s("svg", { class: "counts", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "Inflammatory lesions by day" },
    s("path", { d: `M${x(known[0][0])} ${y(0)}L${line}L${x(known.at(-1)[0])} ${y(0)}Z`, class: "area" }),
    s("line", { x1: GUTTER, x2: width - RIGHT, y1: y(0), y2: y(0), class: "axis" }),
    s("text", { x: GUTTER - 7, y: y(most) + 4, class: "tick", "text-anchor": "end", text: most }),
    s("text", { x: GUTTER - 7, y: y(0) + 1, class: "tick", "text-anchor": "end", text: 0 }));
}
