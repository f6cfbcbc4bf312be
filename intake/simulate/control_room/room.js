// Keeps the list of incidents fresh. Without it the page still works: reload it.
const EVERY_MS = 3000;

async function refresh() {
  const list = document.getElementById("incidents");
  if (document.hidden || list.contains(document.activeElement)) return;
  try {
    const answer = await fetch("/", { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById("incidents");
    if (next.innerHTML !== list.innerHTML) {
      list.replaceChildren(...next.childNodes);
      document.getElementById("count").textContent = fresh.getElementById("count").textContent;
      document.title = fresh.title;
    }
    document.getElementById("count").classList.remove("stale");
  } catch {
    document.getElementById("count").textContent = "The list is not live: no connection to the room's server.";
  }
}

setInterval(refresh, EVERY_MS);
