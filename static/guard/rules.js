/* The guard: first script of the page. It stops what scripts do after the server has gated the page:
   cookies and stores, elements and requests that lead to somebody who has not been allowed. A comfort,
   not the boundary: that is the Content-Security-Policy. The guard lets denied things fail softly, and
   covers what no policy can, as far as a script is able to.

   The parts in this folder share one function, in the order that guard.py gives. This one: what is
   allowed. `RULES` comes from the server, for the grants of this visitor. Comments stand on lines of
   their own, so that they can be left out of what is sent. */

let rules = RULES;
// Set when a withdrawal is on its way: from here to the reload, nothing optional passes.
let stopped = false;
let held = 0;

// What a page may put something else in the place of, taken before any page script runs.
const { document: page, location, URL, Map, WeakMap, WeakSet, Proxy, Promise, Reflect } = window;
const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, freeze, keys } = Object;
const { apply } = Reflect;
/** The method as a function whose first argument is what it is called on. */
const free = (method) => (self, ...args) => apply(method, self, args);
/** The same for reading a property as its prototype defines it, whatever an element is called. */
const reader = (prototype, name) => free(getOwnPropertyDescriptor(prototype, name).get);

const setAttribute = free(Element.prototype.setAttribute);
const getAttribute = free(Element.prototype.getAttribute);
const removeAttribute = free(Element.prototype.removeAttribute);
const select = free(DocumentFragment.prototype.querySelectorAll);
const nameOf = reader(Element.prototype, "localName");
const baseOf = reader(Node.prototype, "baseURI");
const pageHost = location.hostname;

/** Whether `name` is `pattern`, where `*` stands for any run of characters. */
const isLike = (name, pattern) => {
  const [first, ...rest] = pattern.split("*");
  if (!rest.length) return name === pattern;
  const last = rest.pop();
  let at = first.length;
  for (const piece of rest) {
    at = name.indexOf(piece, at);
    if (at < 0) return false;
    at += piece.length;
  }
  return name.startsWith(first) && name.endsWith(last) && name.length - at >= last.length;
};

/** By the first pattern: the server has sorted them. Bits: 1 necessary, 2 allowed. */
const allows = (name, patterns) =>
  patterns.find(([pattern]) => isLike(name, pattern))?.[1] & (stopped ? 1 : 2);
const allowsCookie = (name) => allows(name, rules.cookies);
const allowsStorage = (key) => allows(key, rules.storage);

const allowsUrl = (value, passive) => {
  let url;
  try {
    url = new URL(value, baseOf(page));
  } catch {
    // No browser fetches it.
    return true;
  }
  if (!/^(http|ws|ftp)/.test(url.protocol)) return true;
  const host = url.hostname.replace(/\.$/, "");
  const own = host === pageHost || rules.own.some((name) => ("." + host).endsWith("." + name));
  const find = (name, below) =>
    rules.hosts[name]?.find(([subdomains, path]) => subdomains === below && url.pathname.startsWith(path));
  let rule = find(host, 0) ?? (own && find("", 0));
  for (let at = host.indexOf("."); !rule && at >= 0; at = host.indexOf(".", at + 1)) {
    rule = find(host.slice(at + 1), 1);
  }
  if (rule) return rule[2] && (own || !stopped);
  return own || (!stopped && (rules.unknown === "allow" || (rules.unknown === "gate-active" && passive)));
};

/** Put `change(original, self, args)` in the place of a method; a call that is wrong stays wrong. */
const wrap = (prototype, name, change) => {
  const descriptor = prototype && getOwnPropertyDescriptor(prototype, name);
  const original = descriptor?.value;
  if (!original) return;
  const { [name]: value } = {
    [name](...args) {
      return args.length < original.length ? apply(original, this, args) : change(original, this, args);
    },
  };
  defineProperty(value, "length", { value: original.length });
  defineProperty(prototype, name, { ...descriptor, value });
};
/** Put something in the place of an accessor: each gets the original, the object and the value. */
const wrapAccess = (prototype, name, get, set) => {
  const descriptor = prototype && getOwnPropertyDescriptor(prototype, name);
  if (!descriptor?.get) return;
  const wrapped = { ...descriptor };
  if (get) wrapped.get = function () { return get(descriptor.get, this); };
  if (set) wrapped.set = function (value) { set(descriptor.set, this, value); };
  defineProperty(prototype, name, wrapped);
};

// An address of the page's own that no browser connects to, for a request that shall end as one to
// nobody does (https://fetch.spec.whatwg.org/#port-blocking).
const nobody = `//${location.hostname}:1`;
