// What a frame has stored, and what a page asks for ahead of time. Called by asgi_consent.audit.
async () => {
  const patience = (work, otherwise) =>
    Promise.race([work().catch(() => otherwise), new Promise((end) => setTimeout(end, 2000, otherwise))]);
  const items = [];
  const add = (kind, name, value = "") => items.length < 2000 && items.push({ kind, name: String(name), value: String(value).slice(0, 4096) });
  const values = async (name) => {
    const database = await new Promise((end, fail) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => end(request.result);
      request.onerror = request.onblocked = fail;
      request.onupgradeneeded = () => { request.transaction.abort(); fail(); };
    });
    const found = [];
    for (const store of [...database.objectStoreNames].slice(0, 20)) {
      const rows = await new Promise((end) => {
        const request = database.transaction(store).objectStore(store).getAll(null, 50);
        request.onsuccess = () => end(request.result);
        request.onerror = () => end([]);
      });
      found.push(...rows);
    }
    database.close();
    try { return JSON.stringify(found); } catch { return ""; }
  };
  for (const database of await patience(() => indexedDB.databases(), []))
    add("indexedDB", database.name, await patience(() => values(database.name), ""));
  if (globalThis.caches) for (const name of await patience(() => caches.keys(), [])) add("cacheStorage", name);
  if (navigator.serviceWorker)
    for (const one of await patience(() => navigator.serviceWorker.getRegistrations(), []))
      add("serviceWorker", (one.active || one.waiting || one.installing)?.scriptURL ?? one.scope);
  if (navigator.storage?.getDirectory) {
    const folder = await patience(() => navigator.storage.getDirectory(), null);
    if (folder) await patience(async () => { for await (const name of folder.keys()) add("fileSystem", name); }, 0);
  }
  if (navigator.storageBuckets)
    for (const name of await patience(() => navigator.storageBuckets.keys(), [])) add("storageBucket", name);
  if (window.name && window === window.top) add("windowName", window.name.slice(0, 60), window.name);

  // Hints: found in the document whether or not this run's browser acts on them.
  const hints = [];
  const hint = (how, url) => {
    try { hints.length < 500 && hints.push({ how, url: new URL(url, document.baseURI).href }); } catch { /* no address */ }
  };
  for (const link of document.querySelectorAll("link[rel][href]"))
    for (const rel of link.rel.toLowerCase().split(/\s+/))
      if (["preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender"].includes(rel)) hint(rel, link.href);
  for (const rules of document.querySelectorAll("script[type=speculationrules]"))
    for (const found of rules.textContent.slice(0, 100000).matchAll(/"(https?:\/\/[^"\s]+)"/g)) hint("speculation rules", found[1]);

  // Where on the page the things are that fetch from elsewhere, for marks in pictures.
  const stand_in = "[data-consent-placeholder], [data-placeholder], [class*=placeholder i], [class*=consent-block i], [class*=blocked-content i], iframe[data-consent-gated]";
  const places = [];
  for (const element of document.querySelectorAll("iframe,img,script,object,embed,video,audio,link")) {
    const url = element.currentSrc || element.src || element.data || element.href;
    if (!url || places.length >= 500) continue;
    const { x, y, width, height } = element.getBoundingClientRect();
    const stands_in = Boolean(element.closest(stand_in));
    places.push({ url: String(url), tag: element.localName, box: [x, y, width, height], stands_in });
  }
  for (const element of document.querySelectorAll(stand_in))
    for (const found of getComputedStyle(element).backgroundImage.matchAll(/url\("([^"]+)"\)/g))
      places.push({ url: found[1], tag: element.localName, box: [0, 0, 0, 0], stands_in: true });
  const stand_ins = document.querySelectorAll(stand_in).length;
  return { items, hints, places, stand_ins };
}
