// Follows new requests. The page is complete without it.
"use strict";
(() => {
  const button = document.getElementById("live");
  const entries = document.getElementById("entries");
  const news = document.getElementById("news");
  const MOST = 200;
  let source = null;
  let count = 0;

  const show = (event) => {
    const table = document.createElement("table");
    table.createTBody().innerHTML = event.data; // made and escaped by this server
    const row = table.querySelector("tr");
    const link = row && row.querySelector("a");
    if (!link || entries.querySelector(`a[href="${CSS.escape(link.getAttribute("href"))}"]`)) return;
    row.classList.add("new");
    entries.prepend(row);
    while (entries.rows.length > MOST) entries.deleteRow(-1);
    document.getElementById("empty")?.remove();
    count += 1;
    news.textContent = `${count} new`;
  };

  const stop = () => {
    source?.close();
    source = null;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Follow live";
  };

  const follow = () => {
    source = new EventSource(button.dataset.from);
    source.onmessage = show;
    source.onopen = () => { news.textContent = "Following"; };
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) {
        stop();
        news.textContent = "The server ended it; reload the page.";
      }
    };
    button.setAttribute("aria-pressed", "true");
    button.textContent = "Stop following";
  };

  button.hidden = false;
  button.addEventListener("click", () => (source ? stop() : follow()));
  window.addEventListener("pagehide", stop);
})();
