/* The guard: first script of the page. It stops what scripts do after the server has gated the page:
   cookies, and elements and requests that lead to somebody who has not been allowed. A comfort, not the
   boundary: code that gets hold of a fresh realm can pass it.

   The server puts the rules of this visitor's grants in place of the argument in the last line. */
"use strict";
((rules) => {
  const { document: page, location } = window;
  const { getOwnPropertyDescriptor, defineProperty, freeze } = Object;
  const call = Function.prototype.call;
  const { setAttribute, getAttribute, removeAttribute, hasAttribute } = Element.prototype;
  const baseUri = getOwnPropertyDescriptor(Node.prototype, "baseURI").get;
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
  /** By the pattern with the longest literal beginning; of equals the heaviest counts, odd allows. */
  const allows = (name, patterns) => {
    let longest = -1;
    let heaviest = 0;
    for (const [pattern, weight] of patterns) {
      if (!isLike(name, pattern)) continue;
      const star = pattern.indexOf("*");
      const length = star < 0 ? Infinity : star;
      if (length > longest || (length === longest && weight > heaviest)) [longest, heaviest] = [length, weight];
    }
    return heaviest % 2 === 1;
  };
  const allowsCookie = (name) => allows(name, stopped ? rules.necessary : rules.cookies);
  const allowsStorage = (key) => allows(key, rules.storage);
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
      url = new URL(value, call.call(baseUri, page));
    } catch {
      return !/^\s*([a-z][a-z0-9+.-]*:|[\\/]{2})/i.test(value); // no browser fetches it
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
  /** The last value of an attribute, as browsers read a cookie. */
  const attribute = (text, name) =>
    text
      .split(";")
      .slice(1)
      .map((part) => part.trim().split(/\s*=\s*/))
      .filter(([key]) => key.toLowerCase() === name)
      .map(([, value]) => value ?? "")
      .pop();
  const removes = (text) => {
    const age = attribute(text, "max-age");
    if (/^-?\d+$/.test(age ?? "")) return Number(age) <= 0;
    return Date.parse(attribute(text, "expires") ?? "") <= Date.now();
  };
  defineProperty(Document.prototype, "cookie", {
    configurable: true,
    enumerable: true,
    get() {
      const real = call.call(cookie.get, this);
      const shown = [...shadow].map(([name, value]) => `${name}=${value}`);
      return [real, ...shown].filter(Boolean).join("; ");
    },
    set(value) {
      const text = String(value);
      const pair = text.split(";", 1)[0];
      const at = pair.indexOf("=");
      const name = at < 0 ? "" : pair.slice(0, at).trim();
      if (allowsCookie(name)) {
        call.call(cookie.set, this, text);
      } else if (removes(text)) {
        // In our own words: browsers read dates that we don't, and might keep it.
        shadow.delete(name);
        const [path, domain] = [attribute(text, "path"), attribute(text, "domain")];
        const scope = `${path ? `; path=${path}` : ""}${domain ? `; domain=${domain}` : ""}`;
        call.call(cookie.set, this, `${name}=; max-age=0${scope}`);
      } else {
        held += 1;
        shadow.set(name, pair.slice(at + 1).trim());
      }
    },
  });
  if (window.CookieStore) {
    const set = CookieStore.prototype.set;
    CookieStore.prototype.set = function (...parameters) {
      const [first, second] = parameters;
      const { name, value } = Object(first) === first ? first : { name: first, value: second };
      if (!parameters.length || first === null || allowsCookie(String(name))) {
        return call.call(set, this, ...parameters);
      }
      held += 1;
      shadow.set(String(name), String(value));
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
    [HTMLVideoElement, "poster", "passive"],
    [HTMLTrackElement, "src", "passive"],
    [HTMLInputElement, "src", "passive"],
    [HTMLIFrameElement, "src"],
    [HTMLEmbedElement, "src"],
    [HTMLObjectElement, "data"],
    [HTMLLinkElement, "href"],
  ];
  const fetchesBy = (element, name) =>
    fetching.find(([type, attribute]) => attribute === name && element instanceof type);
  const urlsOf = (name, value) =>
    name === "srcset" ? String(value).split(",").map((part) => part.trim().split(/\s/)[0]) : [value];
  const harmless = /^\s*(canonical|alternate|author|license|next|prev|me|help|search)\s*$/i;
  const isHarmlessLink = (element) =>
    element instanceof HTMLLinkElement && harmless.test(call.call(getAttribute, element, "rel") ?? "");
  const denies = (element, name, value) => {
    const entry = fetchesBy(element, name);
    if (!entry || isHarmlessLink(element)) return false;
    return urlsOf(name, value).some((url) => url && !allowsUrl(url, entry[2]));
  };
  const hold = (element, name, value) => {
    held += 1;
    // Told once: a fallback that is denied as well must not go round for ever.
    if (call.call(getAttribute, element, "data-consent-" + name) === value) return;
    call.call(setAttribute, element, "data-consent-gated", "");
    call.call(setAttribute, element, "data-consent-" + name, value);
    // Loaders wait for one of the two events; this one is the truth.
    setTimeout(() => element.dispatchEvent(new Event("error")));
  };
  /** An allowed address takes the place of one that was held back. */
  const release = (element, name) => {
    if (!call.call(hasAttribute, element, "data-consent-" + name)) return;
    call.call(removeAttribute, element, "data-consent-" + name);
    call.call(removeAttribute, element, "data-consent-gated");
  };
  // Trusted types pass as they are; anything else becomes a text once, so that it stays the same.
  const trusted = window.TrustedScriptURL;
  const plain = (value) => (trusted && value instanceof trusted ? value : String(value));
  /** Carry out `set` unless the value is denied. */
  const guarded = (element, name, value, set) => {
    const given = plain(value);
    if (denies(element, name, String(given))) return hold(element, name, String(given));
    release(element, name);
    set(given);
  };
  for (const [type, name] of fetching) {
    const property = getOwnPropertyDescriptor(type.prototype, name);
    defineProperty(type.prototype, name, {
      ...property,
      get() {
        return call.call(getAttribute, this, "data-consent-" + name) ?? call.call(property.get, this);
      },
      set(value) {
        guarded(this, name, value, (given) => call.call(property.set, this, given));
      },
    });
  }
  /** A link whose `rel` comes after its `href` is judged again. */
  const judgeLink = (element) => {
    const href = call.call(getAttribute, element, "href");
    if (href === null || !denies(element, "href", href)) return;
    call.call(removeAttribute, element, "href");
    hold(element, "href", href);
  };
  const rel = getOwnPropertyDescriptor(HTMLLinkElement.prototype, "rel");
  defineProperty(HTMLLinkElement.prototype, "rel", {
    ...rel,
    set(value) {
      call.call(rel.set, this, value);
      judgeLink(this);
    },
  });
  /** `set(element, name, value)`, unless the value is denied. */
  const guardedSet = (element, name, value, set) => {
    const key = String(name).toLowerCase();
    if (fetchesBy(element, key)) guarded(element, key, value, (given) => set(element, name, given));
    else set(element, name, value);
    if (key === "rel" && element instanceof HTMLLinkElement) judgeLink(element);
  };
  Element.prototype.setAttribute = function (...parameters) {
    if (parameters.length < 2) return call.call(setAttribute, this, ...parameters);
    guardedSet(this, parameters[0], parameters[1], (...set) => call.call(setAttribute, ...set));
  };
  const setAttributeNS = Element.prototype.setAttributeNS;
  Element.prototype.setAttributeNS = function (...parameters) {
    if (parameters.length < 3) return call.call(setAttributeNS, this, ...parameters);
    const [namespace, name, value] = parameters;
    guardedSet(this, name, value, (element, key, given) => call.call(setAttributeNS, element, namespace, key, given));
  };
  window.Audio = new Proxy(window.Audio, {
    construct(target, [url, ...rest], type) {
      const audio = Reflect.construct(target, rest, type);
      if (url !== undefined) audio.src = url;
      return audio;
    },
  });

  // ---- requests

  const denied = (resource) => {
    const url = resource && typeof resource === "object" && "url" in resource ? resource.url : resource;
    if (allowsUrl(String(url))) return false;
    held += 1;
    return true;
  };
  const realFetch = window.fetch;
  window.fetch = function (...parameters) {
    if (parameters.length && denied(parameters[0])) {
      return Promise.reject(new TypeError("Failed to fetch")); // as behind any blocker
    }
    return call.call(realFetch, this, ...parameters);
  };
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    // An address that no browser reaches: the request ends with its error event.
    const given = arguments.length > 1 && denied(url) ? "denied:" : url;
    return call.call(open, this, ...[method, given, ...rest].slice(0, arguments.length));
  };
  const sendBeacon = Navigator.prototype.sendBeacon;
  Navigator.prototype.sendBeacon = function (...parameters) {
    return denied(parameters[0]) ? false : call.call(sendBeacon, this, ...parameters);
  };
  /** A connection that fails at once, as one to nobody does. */
  const unconnected = (type, url) => {
    const socket = Object.setPrototypeOf(new EventTarget(), type.prototype);
    const closed = type.CLOSED;
    const own = {
      url: String(url), readyState: closed, onerror: null, onclose: null, onopen: null, onmessage: null,
      binaryType: "blob", bufferedAmount: 0, protocol: "", extensions: "", withCredentials: false,
    };
    for (const [name, value] of Object.entries(own)) defineProperty(socket, name, { value, writable: true });
    for (const name of ["send", "close"]) defineProperty(socket, name, { value() {} });
    setTimeout(() => {
      for (const event of [new Event("error"), new CloseEvent("close", { code: 1006 })]) {
        const name = event.type;
        socket["on" + name]?.(event);
        socket.dispatchEvent(event);
      }
    });
    return socket;
  };
  for (const name of ["WebSocket", "EventSource"]) {
    window[name] = new Proxy(window[name], {
      construct(target, parameters, type) {
        if (parameters.length && denied(parameters[0])) return unconnected(target, parameters[0]);
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
  freeze(api);
  // A site that has a `consent` of its own keeps it.
  defineProperty(window, "consent", {
    configurable: true,
    get: () => api,
    set: (value) => defineProperty(window, "consent", { value, writable: true, configurable: true }),
  });
})(__CONSENT_RULES__);
