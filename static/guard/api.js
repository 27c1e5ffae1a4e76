// ---- realms: a frame of the page's own brings functions that nobody has guarded yet

const realms = new WeakSet();
const guardRealm = (realm) => {
  try {
    // A frame keeps its window while its functions change.
    if (!realm || realms.has(realm.Function)) return;
    realms.add(realm.Function);
    guardCookies(realm);
    guardStorage(realm);
    guardDatabases(realm);
    guardElements(realm);
    guardRequests(realm);
    wrap(realm, "open", (original, self, args) => {
      const opened = apply(original, self, args);
      guardRealm(opened);
      return opened;
    });
  } catch {
    // Somebody else's: out of reach for the page as well.
  }
};
guardRealm(window);
const removed = sweep().catch(() => []);

// ---- between the guard and the banner, and for the site's own scripts

const listen = (name, work) => {
  page.addEventListener("consent:" + name, work);
  return () => page.removeEventListener("consent:" + name, work);
};
listen("stop", () => (stopped = true));
listen("ask", ({ detail }) => {
  detail.grants = [...rules.grants];
  detail.held = held;
  detail.removed = removed;
});
// The server decides by the signed cookie, whoever asks; it is where this script comes from.
const source = new URL("rules", page.currentScript.src);
listen("renew", ({ detail }) => {
  detail.renewed = fetchOf(source)
    .then((answer) => answer.json())
    .then((renewed) => (rules = renewed));
});

// A site that has a `consent` of its own keeps it.
defineProperty(window, "consent", {
  configurable: true,
  writable: true,
  value: freeze({
    /** Whether a category or a declared service is granted. */
    allows: (name) => rules.grants.includes(name) || rules.granted_services.includes(name),
    /** Hear of "change" (of what is granted) or "request" (about to ask); gives what ends it. */
    on: (name, listener) => listen(name, (event) => listener(event.detail, event)),
    /** Show the visitor the preferences. */
    open: () => void page.dispatchEvent(new Event("consent:open")),
  }),
});
