// An analysis in short; where the data come from; the dataset card's words on use, limits and licences.

function analysisSection() {
  const found = PAGE.analysis;
  if (!found) return null;
  if (found.broken) return section("analysis", "The estimated effect", found.broken);
  const lag = { dropped: `the first ${found.drop_days} days of each period are left out`, exposure: "wash-in and carry-over are modelled", ignored: "all days count" }[found.carryover];
  const rows = found.answers.filter((answer) => answer.pooled && answer.pooled.estimate !== null);
  return section("analysis", "The estimated effect",
    `${found.treatment} minus ${found.reference}, over all patients, 95 % intervals; ${lag || "see the analysis"}. A score of the photographs has a unit of its own.`,
    h("div", { class: "scroll" }, h("table", { class: "effects" }, h("thead", {}, h("tr", {}, ["Score", "Estimate and interval", "", ""].map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows.map(({ score, pooled }) => h("tr", {}, h("th", { scope: "row" }, score, h("small", { text: pooled.estimand })),
        h("td", { class: "forest" }, forest(pooled, rows)),
        h("td", { class: "figures", text: `${signed(pooled.estimate)} (${signed(pooled.low ?? NaN)} to ${signed(pooled.high ?? NaN)})` }),
        h("td", { class: "figures", text: pValue(pooled.p) })))))),
    found.warnings.length ? h("ul", { class: "warnings" }, found.warnings.map((text) => h("li", { text }))) : null);
}

function forest(effect, rows) {
  const ends = rows.flatMap(({ pooled }) => [pooled.low, pooled.high, pooled.estimate, 0]).filter((v) => v !== null);
  const low = Math.min(...ends), high = Math.max(...ends), width = 220;
  const x = (v) => 6 + ((v - low) / (high - low || 1)) * (width - 12);
  return s("svg", { viewBox: `0 0 ${width} 22`, "aria-hidden": "true" },
    s("line", { x1: x(0), x2: x(0), y1: 0, y2: 22, class: "grid" }),
    effect.low === null ? null : s("line", { x1: x(effect.low), x2: x(effect.high), y1: 11, y2: 11, class: "interval" }),
    s("circle", { cx: x(effect.estimate), cy: 11, r: 4, class: "point" }));
}

function cardSections() {
  if (!PAGE.card.length) return null;
  const block = ([kind, text]) => (kind === "pre" ? h("pre", { text }) : h(kind, {}, marked(text)));
  return section("card", "Use, limits, licences", null, PAGE.card.map(({ title, blocks }) => {
    const parts = [];
    for (const one of blocks) {
      if (one[0] !== "li") parts.push(block(one));
      else if (parts.at(-1) && parts.at(-1).tagName === "UL") parts.at(-1).append(block(one));
      else parts.push(h("ul", {}, block(one)));
    }
    return [h("h3", { text: title }), ...parts];
  }));
}

// **bold** and `code` of the card's Markdown; everything else is text.
function marked(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (/^\*\*.+\*\*$/.test(part)) return h("b", { text: part.slice(2, -2) });
    return /^`.+`$/.test(part) ? h("code", { text: part.slice(1, -1) }) : part;
  });
}

function provenanceSection() {
  const { digest, versions } = PAGE.provenance;
  const rows = [["Protocol digest", digest], ["Versions", Object.entries(versions).map(([name, value]) => `${name} ${value}`).join(", ")], ["This page", PAGE.generator]];
  const sampling = PAGE.sampling;
  if (sampling) {
    const days = sampling.every > 1 ? `one day in ${sampling.every}` : "every day";
    const twins = PAGE.twins.length ? `; twins ${sampling.twin_every > 1 ? `one day in ${sampling.twin_every}` : "every day"}` : "";
    rows.push(["Pictures on this page", `${PAGE.ranks.length} of ${plural(PAGE.patients, "patient")}, ${days}${twins}, at most ${sampling.side_px} of ${PAGE.size_px} pixels wide`]);
  }
  const seed = PAGE.design ? h("div", { class: "truthful" }, h("dt", { text: "Seed" }), h("dd", { text: String(PAGE.design.seed) })) : null;
  return section("provenance", "Where it comes from", null, h("dl", { class: "provenance" },
    rows.map(([name, value]) => h("div", {}, h("dt", { text: name }), h("dd", { text: value }))), seed));
}
