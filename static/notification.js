// What is clicked in the list of variables goes where the cursor was.
let editor = null;

document.addEventListener("focusin", (event) => {
  if (event.target.matches(".editor :is(input, textarea)")) editor = event.target;
});

function changeText(field, text, start, end) {
  field.focus();
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const insert = event.target.closest("[data-insert]");
  const empty = event.target.closest("[data-empty]");
  if (insert) {
    const field = editor || document.getElementById("id_text_template");
    const [start, end] = editor ? [field.selectionStart, field.selectionEnd] : [field.value.length, field.value.length];
    changeText(field, insert.dataset.insert, start, end);
  }
  if (empty) {
    const field = document.getElementById(empty.dataset.empty);
    changeText(field, "", 0, field.value.length);
  }
});

// Each preview gets a frame of its own: a second page in the same one would be a step of the Back button.
let previews = 0;
let soon = 0;

function showPreview() {
  const button = document.querySelector("[data-preview]");
  const last = [...document.querySelectorAll(".preview-frame")].at(-1);
  const frame = last.cloneNode();
  frame.removeAttribute("src");
  frame.name = `notification-preview-${++previews}`;
  frame.hidden = true;
  last.after(frame);
  frame.addEventListener("load", () => takeOver(frame));
  button.formTarget = frame.name;
  button.form.requestSubmit(button);
}

function takeOver(frame) {
  if (frame.contentWindow.location.href === "about:blank") return;
  const frames = [...document.querySelectorAll(".preview-frame")];
  const before = frames.slice(0, frames.indexOf(frame));
  const shown = before.find((each) => !each.hidden);
  frame.hidden = false;
  if (shown) frame.contentWindow.scrollTo(0, shown.contentWindow.scrollY);
  before.forEach((each) => each.remove());
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-preview]")) {
    event.preventDefault();
    showPreview();
  }
});

document.addEventListener("input", (event) => {
  if (!event.target.closest(".notification-form") || ["test_to", "width"].includes(event.target.name)) return;
  clearTimeout(soon);
  soon = setTimeout(showPreview, 500);
});

// A session that ends while somebody types takes the page away. What was typed waits in this tab, without secrets in it,
// until its author is back from the sign-in.
const DRAFT = "notification-draft";
const notificationForm = document.querySelector("#notification-form[data-author]");

function keepDraft() {
  const fields = [...new FormData(notificationForm)].filter(([name]) => name !== "csrfmiddlewaretoken");
  const draft = { author: notificationForm.dataset.author, action: notificationForm.getAttribute("action"), fields };
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
}

function takeDraft() {
  const draft = JSON.parse(sessionStorage.getItem(DRAFT));
  sessionStorage.removeItem(DRAFT);
  const cameFromSignIn = document.referrer.startsWith(`${location.origin}/sign-in/`);
  const isOurs = draft && draft.author === notificationForm.dataset.author;
  if (cameFromSignIn && isOurs && draft.action === notificationForm.getAttribute("action")) fillIn(draft.fields);
}

function fillIn(fields) {
  for (const field of notificationForm.elements) {
    if (!field.name || field.name === "csrfmiddlewaretoken") continue;
    const values = fields.filter(([name]) => name === field.name).map(([, value]) => value);
    if (["checkbox", "radio"].includes(field.type)) field.checked = values.includes(field.value);
    else if (values.length) field.value = values[0];
  }
  notificationForm.querySelectorAll(".more-details").forEach((part) => { part.open = true; });
  document.getElementById("draft-is-back").hidden = false;
  notificationForm.dispatchEvent(new Event("input", { bubbles: true }));
}

if (notificationForm) {
  takeDraft();
  notificationForm.addEventListener("htmx:beforeRequest", keepDraft);
  notificationForm.addEventListener("submit", (event) => {
    if (!event.submitter?.formTarget) keepDraft();
  });
}

if (document.querySelector("[data-preview]")) showPreview();
