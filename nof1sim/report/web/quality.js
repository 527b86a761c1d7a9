// How the photographs vary, what is missing, what is at the ends of the scale, and what was checked.

function nuisanceSection() {
  if (!PAGE.nuisance.length) return null;
  const marks = PAGE.labels.filter((label) => !label.free).length > 0;
  return truthful(section("nuisance", "How the photographs vary",
    "Everything that changes from picture to picture and is not the disease. " +
    (marks ? "The small triangles are the means on the days of each treatment: they should stand together." : ""),
    armKey(), h("div", { class: "histograms" }, PAGE.nuisance.map(histogram))));
}

function histogram(one) {
  const width = 200, height = 84, floor = 62, most = Math.max(...one.counts), bar = width / one.counts.length;
  const x = (v) => ((v - one.low) / (one.high - one.low)) * width;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${one.title}: mean ${one.mean}, standard deviation ${one.sd}, from ${one.low} to ${one.high} ${one.unit}` });
  one.counts.forEach((count, i) => {
    const tall = (count / most) * (floor - 4);
    svg.append(s("rect", { x: i * bar + 0.4, y: floor - tall, width: bar - 0.8, height: tall, class: "bin" }));
  });
  svg.append(s("line", { x1: 0, x2: width, y1: floor, y2: floor, class: "axis" }));
  for (const label of PAGE.labels) {
    if (one.means[label.name] === undefined) continue;
    const at = clamp(x(one.means[label.name]), 3, width - 3);
    svg.append(s("path", { d: `M${at} ${floor + 1}l3.5 6h-7z`, fill: colourOf(label) },
      s("title", { text: `${label.name}: mean ${one.means[label.name]} ${one.unit}` })));
  }
  svg.append(s("text", { x: 0, y: height - 3, class: "tick", text: short(one.low) }),
    s("text", { x: width, y: height - 3, class: "tick", "text-anchor": "end", text: `${short(one.high)} ${one.unit}` }));
  return h("figure", {}, h("figcaption", { text: one.title }), svg);
}

const truthful = (element) => { if (element) element.classList.add("truthful"); return element; };

const GAPS = { 1: "no score", 2: "no photograph", 3: "neither", 4: "left the study" };
const GAP_COLOURS = { 1: "#56B4E9", 2: "#E69F00", 3: "#D55E00", 4: "rgba(128,128,128,.25)" };

function gapsSection() {
  const at = PAGE.saturation;
  const gone = at.scores_missing + at.pictures_missing;
  const said = gone === 0 ? "Nothing is missing: every score and every photograph is there." :
    `${plural(at.scores_missing, "score")} of ${at.rows.toLocaleString("en")} and ${plural(at.pictures_missing, "photograph")} of ` +
    `${at.pictures_expected.toLocaleString("en")} are missing.`;
  const ends = (name, low, high, share) => h("tr", {}, h("th", { scope: "row", text: name }),
    h("td", { text: `${percent(share.low)} at ${short(low)}` }), h("td", { text: `${percent(share.high)} at ${short(high)}` }));
  const trueRow = at.true ? truthful(ends("True severity", 0, 3, at.true)) : null;
  return section("gaps", "Every score, and every gap", said, calendar(),
    h("table", {}, h("caption", { text: "Days at the ends of the scale: an effect cannot be seen beyond them." }),
      h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col", text: "lower end" }), h("th", { scope: "col", text: "upper end" }))),
      h("tbody", {}, ends("Recorded score", ...PAGE.scale, at.recorded), trueRow)));
}

// A row a patient, a column a day: the stronger, the worse; what is missing has a colour.
function calendar() {
  const rows = PAGE.courses, each = clamp(Math.floor(420 / rows.length), 2, 18);
  const canvas = h("canvas", { class: "calendar", role: "img",
    "aria-label": "Recorded scores: a row a patient, a column a day; stronger is worse, colours are missing" });
  const tip = h("p", { class: "tip plain", text: "Point at a day." });
  canvas.style.height = `${rows.length * each}px`;
  const cell = (event) => [Math.floor((event.offsetX / canvas.clientWidth) * PAGE.days), Math.floor(event.offsetY / each)];
  canvas.addEventListener("pointermove", (event) => {
    const [day, row] = cell(event), course = rows[row];
    if (!course || day < 0 || day >= PAGE.days) return;
    const gap = GAPS[course.gaps[day]], score = course.score[day] === null ? "" : `score ${short(course.score[day])}`;
    tip.textContent = `Patient ${course.id}, day ${day + 1}: ${[score, gap].filter(Boolean).join(", ")}`;
  });
  const draw = () => paintCalendar(canvas, rows, each);
  new ResizeObserver(draw).observe(canvas);
  listen(["theme"], draw);
  const there = Object.entries(GAPS).filter(([code]) => rows.some((course) => course.gaps.includes(code)));
  const [low, high] = PAGE.scale;
  return h("div", {}, h("p", { class: "key" }, h("span", {}, h("i", { class: "ramp" }), `${short(low)} to ${short(high)}`),
    there.map(([code, text]) => h("span", {}, h("i", { class: `gap${code}` }), text))), canvas, tip);
}

function paintCalendar(canvas, rows, each) {
  const scale = Math.max(1, window.devicePixelRatio || 1), width = canvas.clientWidth;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(rows.length * each * scale);
  const pen = canvas.getContext("2d"), one = width / PAGE.days, [low, high] = PAGE.scale;
  pen.scale(scale, scale);
  const edge = (i) => Math.round(i * one * scale) / scale;
  rows.forEach((course, row) => course.score.forEach((score, i) => {
    const gap = GAP_COLOURS[course.gaps[i]];
    pen.globalAlpha = gap || score === null ? 1 : 0.06 + 0.8 * clamp((score - low) / (high - low || 1), 0, 1);
    pen.fillStyle = gap || (score === null ? "transparent" : ink("--ink"));
    pen.fillRect(edge(i), row * each, edge(i + 1) - edge(i), each - (each > 5 ? 1.5 : 0));
  }));
}

function checksSection() {
  const checks = PAGE.checks, validation = PAGE.validation;
  if (!checks.length && !validation) return null;
  const sign = (ok) => h("td", { class: ok === null ? "" : ok ? "good" : "bad", text: ok === null ? "–" : ok ? "✓ met" : "✗ not met" });
  const figures = checks.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {},
    ["What should hold", "Measured", "Goal", ""].map((text) => h("th", { scope: "col", text })))),
  h("tbody", {}, checks.map((check) => h("tr", {}, h("th", { scope: "row" }, check.title, h("small", { text: check.what })),
    h("td", { text: check.value }), h("td", { text: check.goal }), sign(check.ok)))))) : null;
  return section("checks", "Checks", checks.length ? "Measured while the pictures were drawn." : null,
    truthful(figures), validation ? validated(validation) : null);
}

function validated(found) {
  return h("div", {}, h("p", {}, h("b", { class: found.valid ? "good" : "bad", text: found.valid ? "✓ Valid." : "✗ Not valid." }),
    ` nof1sim validate ran ${found.checks.filter((check) => !check.skipped).length} checks on this dataset.`),
  found.notes.map((text) => h("p", { text })),
  found.findings.length ? h("ul", { class: "warnings" }, found.findings.map((one) => h("li", { text: [one.path, one.what, one.advice].filter(Boolean).join(": ") }))) : null,
  h("details", {}, h("summary", { text: "Every check" }), h("ul", {}, found.checks.map((check) => h("li", {
    text: check.skipped ? `${check.title}: not run (${check.skipped})` : `${check.title}: ${plural(check.looked_at, check.of, check.of)}, ${plural(check.errors, "error")}, ${plural(check.warnings, "warning")}` })))));
}
