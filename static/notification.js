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

if (document.querySelector("[data-preview]")) showPreview();
