// A list as a file: how far it is, and whether all of it came. A file that is there at once shows no progress.
const AT_ONCE = 400;

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-export]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  exportRows(link).catch(() => { link.parentElement.querySelector("[role=status]").textContent = "The export broke off. Try again."; });
});

async function exportRows(link) {
  const [part, status] = [link.nextElementSibling, link.parentElement.querySelector("[role=status]")];
  const stop = new AbortController();
  const slow = setTimeout(() => { [link.hidden, part.hidden] = [true, false]; part.querySelector("button").focus(); }, AT_ONCE);
  part.querySelector("button").onclick = () => stop.abort();
  status.textContent = "";
  try {
    const response = await fetch(link.href, { signal: stop.signal });
    // Signed out meanwhile, or a filter that cannot be used: the page that says so.
    if (!response.headers.get("Content-Type").startsWith("text/csv")) return location.assign(response.url);
    save(await received(response, part), response.headers.get("Content-Disposition").match(/filename="([^"]+)"/)[1]);
    status.textContent = `${counted(Number(response.headers.get("X-Total-Count")))} exported`;
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    status.textContent = "Stopped: nothing was saved.";
  } finally {
    clearTimeout(slow);
    if (!part.hidden) {
      [link.hidden, part.hidden] = [false, true];
      link.focus();
    }
  }
}

async function received(response, part) {
  const [progress, words] = [part.querySelector("progress"), part.querySelector("span")];
  const total = Number(response.headers.get("X-Total-Count"));
  const pieces = [];
  // The first line is the columns' names.
  let lines = -1;
  progress.max = total;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces, { type: "text/csv" });
    pieces.push(value);
    lines += value.reduce((count, byte) => count + (byte === 10), 0);
    progress.value = Math.min(lines, total);
    words.textContent = `${progress.value.toLocaleString("en")} of ${counted(total)}`;
  }
}

function counted(rows) {
  return `${rows.toLocaleString("en")} ${rows === 1 ? "row" : "rows"}`;
}

function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
