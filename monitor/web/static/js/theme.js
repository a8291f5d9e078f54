// Runs before anything is drawn, so that a chosen theme does not flash. Everything else about it is in look.js.
try {
  const chosen = localStorage.getItem("rareframe-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // A browser that keeps nothing follows the system.
}
