/* The guard: first script of the page. It stops what scripts do after the server has gated the page:
   cookies, and elements and requests that lead to somebody who has not been allowed. A comfort, not the
   boundary: code that gets hold of a fresh realm can pass it.

   The server puts the rules of this visitor's grants in place of the argument in the last line. */
"use strict";
((rules) => {
  const { document: page, location } = window;
  const { getOwnPropertyDescriptor, defineProperty, freeze } = Object;
  const call = Function.prototype.call;
  const setAttribute = Element.prototype.setAttribute;
  const getAttribute = Element.prototype.getAttribute;
  let held = 0;

  // ---- what the rules allow

  // Set when a withdrawal is on its way: from here to the reload, nothing optional passes.
  let stopped = false;
  page.addEventListener("consent:stop", () => (stopped = true));

  /** Whether `name` is `pattern`, where `*` stands for any run of characters. */
  const isLike = (name, pattern) => {
    const [first, ...rest] = pattern.split("*");
    if (!rest.length) return name === pattern;
    if (!name.startsWith(first)) return false;
    const last = rest.pop();
    let at = first.length;
    for (const piece of rest) {
      const found = name.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return name.length - at >= last.length && name.endsWith(last);
  };
  const anyLike = (name, patterns) => patterns.some((pattern) => isLike(name, pattern));
  const allowsCookie = (name) => anyLike(name, stopped ? rules.necessary : rules.cookies);
  const allowsStorage = (key) => anyLike(key, rules.storage);
  const within = (host, domain) => host === domain || host.endsWith("." + domain);

  /** The best rule of one host: the longest path; an allowing rule wins over a denying one. */
  const ruleOf = (host, path, subdomain) => {
    let best = null;
    for (const [subdomains, prefix, allowed] of rules.hosts[host] || []) {
      if (subdomains !== subdomain || !path.startsWith(prefix)) continue;
      if (!best || prefix.length > best[0].length || (prefix.length === best[0].length && allowed)) {
        best = [prefix, allowed];
      }
    }
    return best;
  };

  const allowsUrl = (value, passive) => {
    let url;
    try {
      url = new URL(String(value), page.baseURI);
    } catch {
      return true; // no browser fetches it
    }
    if (!/^(https?|wss?|ftp):$/.test(url.protocol)) return true;
    const host = url.hostname.replace(/\.$/, "");
    const own = host === location.hostname || rules.own.some((domain) => within(host, domain));
    let rule = ruleOf(host, url.pathname, 0) || (own && ruleOf("", url.pathname, 0));
    for (let at = host.indexOf("."); !rule && at >= 0; at = host.indexOf(".", at + 1)) {
      rule = ruleOf(host.slice(at + 1), url.pathname, 1);
    }
    if (rule) return Boolean(rule[1]) && (own || !stopped);
    if (own || stopped) return own;
    return rules.unknown === "allow" || (rules.unknown === "gate-active" && passive);
  };

  // ---- cookies: what is denied goes to a shadow that reads back, so that code does not stumble

  const cookie = getOwnPropertyDescriptor(Document.prototype, "cookie");
  const shadow = new Map();
  const removes = (text) => {
    const age = /;\s*max-age\s*=\s*(-?\d+)/i.exec(text);
    if (age) return Number(age[1]) <= 0;
    const expires = /;\s*expires\s*=\s*([^;]+)/i.exec(text);
    return Boolean(expires) && Date.parse(expires[1]) <= Date.now();
  };
  defineProperty(Document.prototype, "cookie", {
    configurable: true,
    enumerable: true,
    get() {
      const real = call.call(cookie.get, this);
      return [real, ...[...shadow].map(([name, value]) => `${name}=${value}`)].filter(Boolean).join("; ");
    },
    set(text) {
      text = String(text);
      const pair = text.split(";", 1)[0];
      const at = pair.indexOf("=");
      const name = at < 0 ? "" : pair.slice(0, at).trim();
      if (removes(text)) shadow.delete(name);
      else if (!allowsCookie(name)) {
        held += 1;
        shadow.set(name, pair.slice(at + 1).trim());
        return;
      }
      call.call(cookie.set, this, text);
    },
  });
  if (window.CookieStore) {
    const set = CookieStore.prototype.set;
    CookieStore.prototype.set = function (first, value) {
      const name = typeof first === "object" ? first.name : first;
      if (allowsCookie(String(name))) return call.call(set, this, ...arguments);
      held += 1;
      shadow.set(String(name), typeof first === "object" ? first.value : value);
      return Promise.resolve();
    };
  }

  // ---- elements: the same neutral form as the server's

  const fetching = [
    [HTMLScriptElement, "src"],
    [HTMLImageElement, "src", "passive"],
    [HTMLImageElement, "srcset", "passive"],
    [HTMLSourceElement, "src", "passive"],
    [HTMLSourceElement, "srcset", "passive"],
    [HTMLMediaElement, "src", "passive"],
    [HTMLIFrameElement, "src"],
    [HTMLEmbedElement, "src"],
    [HTMLObjectElement, "data"],
    [HTMLLinkElement, "href"],
  ];
  const fetchesBy = (element, name) =>
    fetching.find(([type, attribute]) => attribute === name && element instanceof type);
  const urlsOf = (name, value) =>
    name === "srcset" ? String(value).split(",").map((part) => part.trim().split(/\s/)[0]) : [value];
  const isHarmlessLink = (element) =>
    element instanceof HTMLLinkElement &&
    /^\s*(canonical|alternate|author|license|next|prev|me|help|search)\s*$/i.test(element.rel);
  const denies = (element, name, value) => {
    const entry = fetchesBy(element, name);
    if (!entry || isHarmlessLink(element)) return false;
    return urlsOf(name, value).some((url) => url && !allowsUrl(url, entry[2]));
  };
  const hold = (element, name, value) => {
    held += 1;
    call.call(setAttribute, element, "data-consent-gated", "");
    call.call(setAttribute, element, "data-consent-" + name, String(value));
    // Loaders wait for one of the two events; this one is the truth.
    setTimeout(() => element.dispatchEvent(new Event("error")));
  };
  for (const [type, name] of fetching) {
    const property = getOwnPropertyDescriptor(type.prototype, name);
    defineProperty(type.prototype, name, {
      ...property,
      get() {
        return call.call(getAttribute, this, "data-consent-" + name) ?? call.call(property.get, this);
      },
      set(value) {
        if (denies(this, name, value)) hold(this, name, value);
        else call.call(property.set, this, value);
      },
    });
  }
  Element.prototype.setAttribute = function (name, value) {
    const attribute = String(name).toLowerCase();
    if (denies(this, attribute, value)) hold(this, attribute, value);
    else call.call(setAttribute, this, name, value);
  };

  // ---- requests

  const blocked = () => new TypeError("asgi-consent: not allowed by the visitor");
  const denied = (url) => {
    if (allowsUrl(url && url.url ? url.url : url)) return false;
    held += 1;
    return true;
  };
  const realFetch = window.fetch;
  window.fetch = function (resource) {
    return denied(resource) ? Promise.reject(blocked()) : call.call(realFetch, this, ...arguments);
  };
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    // An address that fails: the request ends with its error event, as behind any blocker.
    return call.call(open, this, method, denied(url) ? "data:," : url, ...rest);
  };
  const sendBeacon = Navigator.prototype.sendBeacon;
  Navigator.prototype.sendBeacon = function (url) {
    return denied(url) ? false : call.call(sendBeacon, this, ...arguments);
  };
  for (const name of ["WebSocket", "EventSource"]) {
    window[name] = new Proxy(window[name], {
      construct(target, parameters, type) {
        if (denied(parameters[0])) throw blocked();
        return Reflect.construct(target, parameters, type);
      },
    });
  }

  // ---- what earlier consent left behind

  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      const store = window[name];
      for (const key of Object.keys(store)) if (!allowsStorage(key)) store.removeItem(key);
    } catch {
      // Blocked by the browser's settings: there is nothing in it.
    }
  }
  const sweep = async () => {
    for (const { name } of (await indexedDB.databases?.()) ?? []) {
      if (!allowsStorage(name)) indexedDB.deleteDatabase(name);
    }
    for (const name of (await window.caches?.keys()) ?? []) {
      if (!allowsStorage(name)) caches.delete(name);
    }
  };
  sweep().catch(() => {});

  // ---- for the site's own scripts

  const grants = freeze([...rules.grants]);
  const api = {
    /** Whether a category or a declared service is granted. */
    allows: (name) => grants.includes(name) || rules.granted_services.includes(name),
    /** The granted categories and single services. */
    grants,
    /** How many things this guard has held back. */
    get held() {
      return held;
    },
  };
  defineProperty(window, "consent", { value: freeze(api), configurable: true });
})(__CONSENT_RULES__);
