// How many mails are ticked, all of a page by one tick, and a range by Shift: the buttons work without this file.
let latest = null;

function ticks() {
  return [...document.querySelectorAll('[form="bulk"][name="mail"]')];
}

function showTicked() {
  const [all, head] = [ticks(), document.getElementById("tick-all")];
  const count = all.filter((tick) => tick.checked).length;
  document.querySelector("[data-ticked]").textContent = count ? `${count} ticked:` : "Tick mails to act on them:";
  for (const button of document.querySelectorAll("#bulk [data-verb]")) {
    button.disabled = count === 0;
    button.textContent = `${button.dataset.verb}${count ? ` ${count}` : ""}…`;
  }
  if (head) [head.checked, head.indeterminate] = [count > 0 && count === all.length, count > 0 && count < all.length];
}

function tickUpTo(tick) {
  const all = ticks();
  const [from, to] = [all.indexOf(latest), all.indexOf(tick)].sort((one, other) => one - other);
  if (from >= 0) all.slice(from, to + 1).forEach((each) => { each.checked = tick.checked; });
}

document.addEventListener("click", ({ target, shiftKey }) => {
  if (target.id === "tick-all") ticks().forEach((tick) => { tick.checked = target.checked; });
  else if (!target.matches('[form="bulk"][name="mail"]')) return;
  else if (shiftKey) tickUpTo(target);
  if (target.id !== "tick-all") latest = target;
  showTicked();
});

// After a poll, and when Back brings a page with its ticks.
document.addEventListener("htmx:afterSettle", showTicked);
window.addEventListener("pageshow", showTicked);
