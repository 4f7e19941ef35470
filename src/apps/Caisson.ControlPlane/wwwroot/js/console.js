// What the keyboard and the clipboard do on every page. Works on the finished document: no state, no framework.

const PLACES = { h: "/", e: "/pcs", i: "/images", g: "/groups", a: "/activity", n: "/enrol" };
const CHORD_MS = 1200;
let goPressedAt = 0;

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");

function go(address) {
  if (window.Blazor?.navigateTo) window.Blazor.navigateTo(address);
  else location.assign(address);
}

function search() {
  const field = document.querySelector("[data-filter]");
  if (field) { field.focus(); field.select(); }
  else { sessionStorage.setItem("caisson-search", "1"); go("/pcs"); }
}

function step(key) {
  const rows = [...document.querySelectorAll("main a[data-row]")];
  if (rows.length === 0) return false;
  const at = rows.indexOf(document.activeElement);
  const to = key === "Home" ? 0 : key === "End" ? rows.length - 1
    : Math.min(rows.length - 1, Math.max(0, at + (key === "ArrowDown" || key === "j" ? 1 : -1)));
  rows[to].focus();
  rows[to].scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const dialog = document.querySelector("[data-trap]");
  if (dialog) { if (event.key === "Tab") hold(event, dialog); return; }
  if (event.target.closest?.("[data-screen]")) return; // keys belong to the workspace

  if (isTyping(event.target)) {
    if (event.key === "ArrowDown" && event.target.matches("[data-filter]") && step("Home")) event.preventDefault();
    if (event.key === "Escape") event.target.blur();
    return;
  }

  if (event.key === "/") { event.preventDefault(); search(); return; }
  if (event.key === "?") { document.querySelector("[data-keys]")?.click(); return; }
  if (goPressedAt && performance.now() - goPressedAt < CHORD_MS && PLACES[event.key]) {
    goPressedAt = 0;
    event.preventDefault();
    go(PLACES[event.key]);
    return;
  }
  goPressedAt = event.key === "g" ? performance.now() : 0;
  const inRows = document.activeElement?.matches("a[data-row]");
  const moves = ["ArrowDown", "ArrowUp", "j", "k"].includes(event.key) || (inRows && ["Home", "End"].includes(event.key));
  if (moves && step(event.key)) event.preventDefault();
});

// A change of page gives the focus to its heading; after a search key it goes on to the filter.
document.addEventListener("focusin", (event) => {
  const field = document.querySelector("[data-filter]");
  if (event.target.matches("h1") && field && sessionStorage.getItem("caisson-search")) {
    sessionStorage.removeItem("caisson-search");
    field.focus();
  }
});

// Tab stays inside an open dialog.
function hold(event, dialog) {
  const stops = [...dialog.querySelectorAll("button, input, select, a[href]")].filter((e) => !e.disabled);
  const last = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement === last || !dialog.contains(document.activeElement)) {
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const word = button.querySelector("span");
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = "Copy"; }, 1600);
});

// The exact time in the reader's own zone, made only when it is asked for.
document.addEventListener("pointerover", (event) => {
  const time = event.target.closest?.("time[datetime]");
  if (time) time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "medium" });
});

// A dialog takes the focus when it opens and gives it back when it closes.
let cameFrom = null;
let open = null;
new MutationObserver(() => {
  const dialog = document.querySelector("[data-trap]");
  if (dialog && dialog !== open) {
    cameFrom = document.activeElement;
    (dialog.querySelector("[data-first]") ?? dialog.querySelector("button"))?.focus();
  } else if (!dialog && open) {
    cameFrom?.focus?.();
  }
  open = dialog;
}).observe(document.body, { childList: true, subtree: true });
