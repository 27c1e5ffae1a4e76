/* On the page of a visitor's rights: lists what a server cannot see, the other storage of the browser.
   Only names are shown, never what is stored. */
"use strict";
(async () => {
  const place = document.getElementById("storage");
  const patterns = JSON.parse(place.dataset.patterns).map((entry) => ({
    ...entry,
    parts: entry.pattern.split("*"),
  }));

  const fits = (key, parts) => {
    if (parts.length === 1) return key === parts[0];
    let at = parts[0].length;
    if (!key.startsWith(parts[0])) return false;
    for (const part of parts.slice(1, -1)) {
      const found = key.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    const last = parts[parts.length - 1];
    return key.length - last.length >= at && key.endsWith(last);
  };

  const ask = async (what) => {
    try {
      return await what();
    } catch {
      return []; // blocked by the browser: then nothing is stored there
    }
  };
  const found = [
    ...(await ask(() => Object.keys(localStorage).map((key) => [key, "local storage"]))),
    ...(await ask(() => Object.keys(sessionStorage).map((key) => [key, "session storage"]))),
    ...(await ask(async () => (await indexedDB.databases()).map(({ name }) => [name, "database"]))),
    ...(await ask(async () => (await caches.keys()).map((key) => [key, "cache"]))),
    ...(await ask(async () =>
      (await navigator.serviceWorker.getRegistrations()).map(({ scope }) => [scope, "service worker"]),
    )),
  ];
  const table = place.querySelector("tbody");
  for (const [key, where] of found) {
    const owner = patterns.find(({ parts }) => fits(key, parts));
    const row = table.insertRow();
    const name = document.createElement("code");
    name.textContent = key;
    row.insertCell().append(name);
    row.insertCell().textContent = owner?.service ?? "Nobody has declared it";
    row.insertCell().textContent = where;
  }
  place.hidden = !found.length;
})();
