// Put the page together.

const view = PAGE.ranks.length ? patientSection() : null;
const cohort = cohortSection(view);
const sections = [designSection(), cohort, view && view.root, analysisSection(), nuisanceSection(), gapsSection(), checksSection(),
  cardSections(), provenanceSection()].filter(Boolean);
const names = { design: "Design", cohort: "Everyone", patient: "One patient", analysis: "Effect", nuisance: "Photographs", gaps: "Gaps",
  checks: "Checks", card: "Use and limits", provenance: "Provenance" };
const menu = h("nav", { "aria-label": "Parts of the page" }, sections.map((one) =>
  h("a", { href: `#${one.id}`, class: one.classList.contains("truthful") ? "truthful" : null, text: names[one.id] })));
document.getElementById("top").append(headline(), menu, h("main", {}, sections));
cohort.append(strips(cohort));
if (view) view.open((PAGE.courses.find((course) => PAGE.ranks.includes(course.rank) && course.story && course.story.better) || { rank: PAGE.ranks[0] }).rank);
