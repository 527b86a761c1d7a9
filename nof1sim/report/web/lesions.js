// Life-lines: every lesion a thin line over its days, coloured by its stage, where it is on the face or by its birth.

const REGIONS = [["forehead", "Forehead"], ["nose", "Nose"], ["right_cheek", "Right cheek"], ["left_cheek", "Left cheek"],
  ["perioral", "Mouth"], ["chin", "Chin"], ["", "Elsewhere"]];
const regionName = (region) => (REGIONS.find(([key]) => key === region) || ["", region.replace(/_/g, " ")])[1];

// The runs [first day, days, stage] of a lesion whose stage is switched on.
function runsShown(runs) {
  const found = [];
  for (let i = 0; i < runs.length; i += 3) {
    const group = GROUP_OF[runs[i + 2]];
    if (group && state.on.has(group.key)) found.push([runs[i], runs[i + 1], group, runs[i + 2]]);
  }
  return found;
}

function stageOn(runs, day) {
  for (let i = 0; i < runs.length; i += 3) if (runs[i] <= day && day < runs[i] + runs[i + 1]) return runs[i + 2];
  return -1;
}

// Lesions in rows: by place, lesions that do not meet share a row, so that the height of a day tells how many there are.
function rowsOf(lesions, order) {
  const shown = lesions.runs.map((runs, i) => ({ i, runs: runsShown(runs) })).filter((lesion) => lesion.runs.length);
  for (const lesion of shown) {
    lesion.first = lesion.runs[0][0];
    lesion.last = lesion.runs.at(-1)[0] + lesion.runs.at(-1)[1] - 1;
  }
  shown.sort((a, b) => a.first - b.first || a.i - b.i);
  if (order === "birth") return [{ name: "", rows: shown.map((lesion) => [lesion]) }];
  const known = REGIONS.map(([key]) => key);
  const groups = REGIONS.map(([key, name]) => ({ key, name, rows: [], ends: [] }));
  for (const lesion of shown) {
    const place = known.indexOf(lesions.region[lesion.i]);
    const group = groups[place < 0 ? groups.length - 1 : place];
    let row = group.ends.findIndex((end) => end < lesion.first);
    if (row < 0) row = group.rows.push([]) - 1;
    group.rows[row].push(lesion);
    group.ends[row] = lesion.last;
  }
  return groups.filter((group) => group.rows.length);
}

function lifelines(lesions, width) {
  const groups = rowsOf(lesions, state.order);
  const count = groups.reduce((sum, group) => sum + group.rows.length, 0);
  const gap = 8, row = clamp(300 / Math.max(1, count), 0.5, 5);
  const height = Math.max(30, Math.ceil(count * row + groups.length * gap));
  const canvas = h("canvas", { class: "lifelines", role: "img", "aria-label": `Life-lines of ${lesions.id.length} lesions` });
  const scale = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.font = "11px system-ui, sans-serif";
  const places = [];
  const labels = [];
  let y = 0;
  for (const group of groups) {
    labels.push({ name: group.name, y, height: group.rows.length * row });
    for (const lesionsOfRow of group.rows) {
      for (const lesion of lesionsOfRow) {
        for (const [first, days, stage] of lesion.runs) {
          const [a, b] = bandEdges(first, first + days - 1, width);
          pen.fillStyle = stage.colour;
          pen.fillRect(a, y, Math.max(0.6, b - a), Math.max(0.5, row * (row > 2 ? 0.8 : 1)));
        }
        places[lesion.i] = { y, first: lesion.first, last: lesion.last };
      }
      y += row;
    }
    y += gap;
  }
  return { canvas, places, labels, height, row, groups, find: (px, py) => findLine(groups, row, gap, xToDay(px, width), py) };
}

function findLine(groups, row, gap, day, py) {
  let y = 0, best = -1, distance = 5;
  for (const group of groups) {
    for (const lesionsOfRow of group.rows) {
      const off = Math.abs(y + row / 2 - py);
      if (off < distance) {
        const hit = lesionsOfRow.find((lesion) => lesion.first <= day && day <= lesion.last);
        if (hit) [best, distance] = [hit.i, off];
      }
      y += row;
    }
    y += gap;
  }
  return best;
}

function tellLesion(lesions, index, day) {
  const runs = lesions.runs[index];
  const stage = stageOn(runs, day), last = runs.at(-3) + runs.at(-2) - 1;
  const where = regionName(lesions.region[index]).toLowerCase();
  const now = stage < 0 ? `not there on day ${day}` : `${STAGE_WORDS[stage]} on day ${day}`;
  return `Lesion ${lesions.id[index]}, ${where}: ${now}; to be seen from day ${runs[0]} to ${last}.`;
}

function legend(onchange) {
  const chips = GROUPS.map((group) => {
    const chip = toggle(group.name, () => state.on.has(group.key), () => {
      const on = new Set(state.on);
      if (!on.delete(group.key)) on.add(group.key);
      set({ on });
    }, { class: "chip", title: `Show or hide: ${group.name.toLowerCase()}` });
    const dot = h("i", { "aria-hidden": "true" });
    dot.style.background = group.colour;
    chip.prepend(dot);
    return chip;
  });
  listen(["on"], () => chips.forEach((chip) => chip.refresh()));
  return h("div", { class: "chips", role: "group", "aria-label": "Kinds of lesions" }, chips);
}
