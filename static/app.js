// Only what HTML cannot do alone: every page works without this file.
document.documentElement.classList.add("js");

// No header says in which zone a browser's clock runs. Set on the sign-in page, it holds for the first page after it.
const zone = `browser_time_zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
if (!document.cookie.split("; ").includes(zone)) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
}

// Over plain HTTP under a name a browser has no clipboard, and with one it may still refuse.
async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return "Copied";
  } catch {
    document.getSelection().selectAllChildren(source);
    return `Press ${navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl"}+C`;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    const label = button.querySelector("span");
    label.textContent = await copied(document.getElementById(button.dataset.copy));
    setTimeout(() => { label.textContent = "Copy"; }, 4000);
  }
  for (const open of document.querySelectorAll("details.popover[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const open = document.querySelector("details.popover[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

// What a page asks for by itself does not count as somebody being there.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.hasAttribute("data-poll")) event.detail.headers["X-Poll"] = "1";
});

// A page that nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.hasAttribute("data-poll") && (document.hidden || isBeingRead(event.target))) event.preventDefault();
});

// Text that somebody marks to copy it would lose its mark.
function isBeingRead(part) {
  const selection = document.getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

// A poll closes nothing that somebody opened. In its text: opened after the swap, a page that was shorter for a moment
// would have scrolled up.
document.addEventListener("htmx:beforeSwap", (event) => {
  for (const { id } of event.detail.target.querySelectorAll("details[id][open]")) {
    event.detail.serverResponse = event.detail.serverResponse.replace(`id="${id}"`, `id="${id}" open`);
  }
});

// A click that changed a part leads the keyboard and the screen reader to it; a poll does not.
document.addEventListener("htmx:afterSettle", (event) => {
  const trigger = event.detail.requestConfig && event.detail.requestConfig.elt;
  const part = event.target.querySelector("[data-focus]") || (event.target.matches("[data-focus]") && event.target);
  if (part && trigger && !trigger.hasAttribute("data-poll")) part.focus({ preventScroll: false });
});

// The newest answer clears the old: what a refused save marked may be mended since.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig.elt.id !== "send-test-email") return;
  document.querySelectorAll(".page > .error-summary, .mode-form .error").forEach((each) => each.remove());
  document.querySelectorAll(".mode-form [aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
});

// A click that came to nothing says so where its answer was awaited; a poll tries again, and what it shows is old.
function tellFailure(event) {
  if (event.detail.elt.hasAttribute("data-poll")) {
    event.detail.elt.classList.add("stale");
    return;
  }
  const text = document.createElement("p");
  text.className = "banner slim";
  text.dataset.tone = "failed";
  text.setAttribute("role", "alert");
  text.textContent = "The panel did not answer as it should. Look whether it is running, and try again.";
  event.detail.target.replaceChildren(text);
}

document.addEventListener("htmx:responseError", tellFailure);
document.addEventListener("htmx:sendError", tellFailure);

// The port that the words in the field amount to, as the server will read them.
function showPort(hint) {
  const [server, security] = hint.htmlFor.value.split(" ").map((id) => document.getElementById(id));
  const named = server.value.trim().match(/^(?:\[[^\]]*\]|[^:]*):(\d{1,5})$/);
  hint.value = `→ port ${named ? named[1] : hint.dataset[security.value]}`;
}

function showPorts() {
  document.querySelectorAll("[data-port-hint]").forEach(showPort);
}

document.addEventListener("input", showPorts);
showPorts();

// Enter beside a button of its own presses that one, not the form's first.
document.addEventListener("keydown", (event) => {
  const button = event.key === "Enter" && document.getElementById(event.target.dataset.enter);
  if (button) {
    event.preventDefault();
    button.click();
  }
});

// Each mode's form is a page of its own, and so is everything else: what was typed would be gone.
const keeping = ".mode-form, .notification-form";
const ofNoForm = ["test_to", "example", "width"];
let unsaved = document.querySelector(".mode-form[data-unsaved], .notification-form[data-unsaved]") !== null;

document.addEventListener("input", (event) => {
  if (event.target.closest(keeping) && !ofNoForm.includes(event.target.name)) unsaved = true;
});

// A test opens beside the form, which stays.
document.addEventListener("submit", (event) => {
  if (event.target.matches(keeping) && !event.submitter?.formTarget) unsaved = false;
});

window.addEventListener("beforeunload", (event) => {
  if (unsaved) event.preventDefault();
});
