// Light and dark; with or without what only the simulator knows.

function themeButton() {
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const name = () => (dark() ? "Light" : "Dark");
  const button = h("button", { type: "button", class: "quiet", id: "theme", text: name(),
    "aria-label": "Switch between light and dark" });
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    button.textContent = name();
    set({ theme: document.documentElement.dataset.theme });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    button.textContent = name();
    set({ theme: String(dark()) });
  });
  return button;
}

function truthSwitch() {
  if (!PAGE.truth) return null;
  const button = h("button", { type: "button", class: "switch", id: "truth", role: "switch", "aria-checked": "false",
    title: "As a real study would see it: scores and photographs only (key T)" }, h("i", {}), "Hide the truth");
  button.addEventListener("click", () => set({ truth: !state.truth }));
  listen(["truth"], () => {
    button.setAttribute("aria-checked", String(!state.truth));
    document.documentElement.classList.toggle("blind", !state.truth);
  });
  return button;
}

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
