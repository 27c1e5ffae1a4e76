// ---- cookies and stores: what is denied goes to a shadow that reads back, so that code does not
// stumble

const cookieShadow = new Map();
const storeShadows = {};
// Storage and its proxy → [the Storage, its shadow, its proxy].
const stores = new WeakMap();

const guardCookies = ({ Document, CookieStore }) => {
  const read = (get, self) => {
    const shown = [...cookieShadow].map(([name, value]) => `${name}=${value}`);
    return [apply(get, self, []), ...shown].filter(Boolean).join("; ");
  };
  const write = (set, self, value) => {
    const text = String(value);
    const [pair] = text.split(";", 1);
    const at = pair.indexOf("=");
    const name = at < 0 ? "" : pair.slice(0, at).trim();
    if (allowsCookie(name)) return apply(set, self, [text]);
    // It must not be there, so each try removes it where it would have been: the last age counts.
    apply(set, self, [`${name}=${text.slice(pair.length)}; max-age=0`]);
    const [, age, date] = /;\s*(?:max-age\s*=\s*(-|0)|expires\s*=([^;]*))/i.exec(text) ?? [];
    if (age || Date.parse(date) <= Date.now()) return cookieShadow.delete(name);
    held += 1;
    cookieShadow.set(name, pair.slice(at + 1).trim());
  };
  wrapAccess(Document.prototype, "cookie", read, write);
  wrap(CookieStore?.prototype, "set", (original, self, args) => {
    // A name and a value, or one object that has them.
    const { name = args[0], value = args[1] } = Object(args[0]);
    if (allowsCookie(String(name))) return apply(original, self, args);
    held += 1;
    cookieShadow.set(String(name), String(value));
    return Promise.resolve();
  });
};

const guardStorage = (realm) => {
  const { prototype } = realm.Storage;
  const [getItem, setItem, removeItem, clear] = [
    prototype.getItem, prototype.setItem, prototype.removeItem, prototype.clear,
  ].map(free);
  const find = (it) => stores.get(it) ?? [it, new Map()];
  const names = ([real, shadow]) => [...keys(real).filter(allowsStorage), ...shadow.keys()];
  const get = ([real, shadow], key) =>
    allowsStorage(key) ? getItem(real, key) : shadow.get(key) ?? null;
  const change = (name, work) => wrap(prototype, name, (_, self, args) => work(find(self), ...args.map(String)));
  change("getItem", get);
  change("key", (store, at) => names(store)[at] ?? null);
  change("setItem", ([real, shadow], key, value) => {
    if (allowsStorage(key)) return setItem(real, key, value);
    held += 1;
    shadow.set(key, value);
  });
  change("removeItem", ([real, shadow], key) => {
    shadow.delete(key);
    removeItem(real, key);
  });
  change("clear", ([real, shadow]) => {
    shadow.clear();
    clear(real);
  });
  wrapAccess(prototype, "length", (_, self) => names(find(self)).length);

  // `localStorage.name = …` calls no method: only a proxy sees it.
  const proxied = (real, shadow) => {
    const store = [real, shadow];
    const isKey = (key) => typeof key === "string" && !(key in prototype);
    return new Proxy(real, {
      get: (_, key) => (isKey(key) ? get(store, key) ?? undefined : real[key]),
      // What is set by name is defined at last.
      defineProperty: (_, key, { value }) => (real.setItem(key, value), true),
      deleteProperty: (_, key) => (real.removeItem(key), true),
      ownKeys: () => names(store),
      getOwnPropertyDescriptor: (_, key) => {
        const value = isKey(key) ? get(store, key) : null;
        return value === null ? undefined : { value, writable: true, enumerable: true, configurable: true };
      },
    });
  };
  for (const name of ["localStorage", "sessionStorage"]) {
    const shadow = (storeShadows[name] ??= new Map());
    wrapAccess(realm, name, (read, self) => {
      // Where the browser's settings block it, this throws as it always does.
      const real = apply(read, self ?? realm, []);
      if (!real) return real;
      if (!stores.has(real)) {
        const store = [real, shadow, proxied(real, shadow)];
        stores.set(real, store);
        stores.set(store[2], store);
      }
      return stores.get(real)[2];
    });
  }
  wrapAccess(realm.StorageEvent.prototype, "storageArea", (read, self) => {
    const real = apply(read, self, []);
    return stores.get(real)?.[2] ?? real;
  });
};

/** Databases, caches and workers: denied ones fail as where a browser's settings block them. */
const guardDatabases = ({ IDBFactory, CacheStorage, ServiceWorkerContainer }) => {
  const guard = (type, name, allowed, refuse) =>
    wrap(type?.prototype, name, (original, self, args) => {
      if (allowed(String(args[0]))) return apply(original, self, args);
      held += 1;
      return refuse(original, self);
    });
  const refused = () => Promise.reject(new DOMException("", "SecurityError"));
  guard(IDBFactory, "open", allowsStorage, (original, self) => {
    // One that is never there, so that it wants to be made, which ends at once.
    const request = apply(original, self, ["consent-refused"]);
    request.addEventListener("upgradeneeded", (event) => {
      event.stopImmediatePropagation();
      request.transaction.abort();
    });
    return request;
  });
  guard(CacheStorage, "open", allowsStorage, refused);
  guard(ServiceWorkerContainer, "register", allowsUrl, refused);
};

// What earlier consent left behind, with the names of all that is removed.
const sweep = async () => {
  const removed = [];
  const each = (names, allowed, remove) => {
    for (const name of names) {
      if (allowed(name)) continue;
      remove(name);
      removed.push(name);
    }
  };
  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      const store = window[name];
      each(keys(stores.get(store)[0]), allowsStorage, (key) => store.removeItem(key));
    } catch {
      // Blocked by the browser's settings: there is nothing in it.
    }
  }
  // A window's name carries what it is told from page to page; short ones are targets of links.
  if (window.top === window && window.name.length > 64) window.name = "";
  const { indexedDB, caches, navigator } = window;
  const databases = (await indexedDB.databases?.().catch(() => [])) ?? [];
  each(databases.map(({ name }) => name), allowsStorage, (name) => indexedDB.deleteDatabase(name));
  each((await caches?.keys().catch(() => [])) ?? [], allowsStorage, (name) => caches.delete(name));
  for (const worker of (await navigator.serviceWorker?.getRegistrations().catch(() => [])) ?? []) {
    const { scriptURL } = worker.active ?? worker.waiting ?? worker.installing;
    each([scriptURL], allowsUrl, () => worker.unregister());
  }
  return removed;
};
