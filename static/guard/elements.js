// ---- elements: the same neutral form as the server's

const markupOf = getOwnPropertyDescriptor(Element.prototype, "innerHTML");
const contentOf = reader(HTMLTemplateElement.prototype, "content");
const trusted = window.trustedTypes;
const make = free(Document.prototype.createElement);
const isLink = (element) => nameOf(element) === "link";
const heldType = "data-consent-type";
const typeOf = (element) => getAttribute(element, heldType);
const fetchingRel = /stylesheet|icon|image|manifest|pre[cflr]|dns|dictionary/i;

const denies = (element, name, value, rel = getAttribute(element, "rel")) => {
  if (!rules.fetching[name]?.includes(nameOf(element))) return false;
  if (name === "srcdoc") return gate(inert(value)) > 0;
  if (isLink(element) && !fetchingRel.test(rel)) return false;
  const passive = rules.passive.includes(nameOf(element));
  // What else stands in a list reads as an address of the page's own.
  const urls = /srcset|ping/.test(name) ? value.split(/[\s,]+/) : [value];
  return !urls.every((url) => allowsUrl(url, passive));
};
const hold = (element, name, value) => {
  held += 1;
  // Told once: a fallback that is denied as well must not go round for ever.
  if (getAttribute(element, "data-consent-" + name) === value) return;
  setAttribute(element, "data-consent-gated", "");
  setAttribute(element, "data-consent-" + name, value);
  // Without its address a script would run the text that it has besides.
  if (nameOf(element) === "script" && typeOf(element) === null) {
    setAttribute(element, heldType, getAttribute(element, "type") ?? "");
    setAttribute(element, "type", "text/plain");
  }
  // Loaders wait for one of the two events; this one is the truth.
  setTimeout(() => element.dispatchEvent(new Event("error")));
};
/** An allowed address takes the place of one that was held back. */
const release = (element, name) => {
  if (getAttribute(element, "data-consent-" + name) === null) return;
  removeAttribute(element, "data-consent-" + name);
  removeAttribute(element, "data-consent-gated");
  if (typeOf(element) === null) return;
  setAttribute(element, "type", typeOf(element));
  removeAttribute(element, heldType);
};
/** Carry out `set` unless the value is denied. */
const put = (element, name, value, set) => {
  // Trusted types pass as they are; anything else becomes a text once, so that it stays the same.
  const given = trusted?.isScriptURL(value) || trusted?.isHTML(value) ? value : String(value);
  if (denies(element, name, String(given))) return hold(element, name, String(given));
  // A link whose `rel` comes after its `href` is judged again.
  if (name === "rel" && isLink(element)) gateElement(element, given);
  // The type of a script that is held back is its type from when it is not.
  if (name === "type" && typeOf(element) !== null) return setAttribute(element, heldType, given);
  release(element, name);
  set(given);
};

// ---- markup: parsed where nothing is fetched, and held back there

const inert = (markup) => {
  const template = make(page, "template");
  apply(markupOf.set, template, [markup]);
  return contentOf(template);
};
/** Hold back what an element has that is denied; gives how much. */
const gateElement = (element, rel) => {
  let count = 0;
  for (const name of keys(rules.fetching)) {
    const value = getAttribute(element, name);
    if (value === null || !denies(element, name, value, rel)) continue;
    removeAttribute(element, name);
    hold(element, name, value);
    count += 1;
  }
  return nameOf(element) === "template" ? count + gate(contentOf(element)) : count;
};
const gate = (root) => [...select(root, "*")].reduce((count, element) => count + gateElement(element), 0);
/** The markup as a fragment where something in it is denied. */
const gatedMarkup = (markup) => {
  // Most markup has nothing in it that leads elsewhere.
  if (!/(src|href|data|poster|ping|background)[^]*([/\\]{2}|&|:)/i.test(String(markup))) return null;
  const fragment = inert(markup);
  return gate(fragment) ? fragment : null;
};

const inserts = /^(append|prepend|before|after|replace|insert)/;
const places = { beforebegin: "before", afterbegin: "prepend", beforeend: "append", afterend: "after" };

/** Rules for speculative loading are no fetch that a policy could stop. */
const judgeRules = (node) => {
  if (node?.nodeType !== 1 || nameOf(node) !== "script") return;
  if (!/speculationrules/i.test(getAttribute(node, "type"))) return;
  // What stands between quotes and is no address reads as one of the page's own.
  if (node.textContent.split('"').every((text) => allowsUrl(text))) return;
  held += 1;
  node.remove();
};

const guardElements = (realm) => {
  const { Element, Document, ShadowRoot, Range } = realm;
  // Every property that reflects a fetching attribute.
  for (const type of getOwnPropertyNames(realm)) {
    if (!/^HTML\w*Element$/.test(type)) continue;
    const { prototype } = realm[type];
    for (const property of getOwnPropertyNames(prototype)) {
      const name = property.toLowerCase();
      if (/^(rel|type)$/.test(name) || rules.fetching[name]) {
        wrapAccess(
          prototype,
          property,
          (get, self) => getAttribute(self, "data-consent-" + name) ?? apply(get, self, []),
          (set, self, value) => put(self, name, value, (given) => apply(set, self, [given])),
        );
      } else if (/^content(window|document)$/.test(name)) {
        // A fresh frame brings functions that nobody has guarded yet.
        wrapAccess(prototype, property, (get, self) => {
          const found = apply(get, self, []);
          // Of somebody else's window even asking for a property throws.
          guardRealm(name === "contentwindow" ? found : found?.defaultView);
          return found;
        });
      }
    }
  }
  const plain = (name) => String(name).toLowerCase().replace("xlink:", "");
  for (const [name, at] of [["setAttribute", 0], ["setAttributeNS", 1]]) {
    wrap(Element.prototype, name, (original, self, args) =>
      put(self, plain(args[at]), args[at + 1], (given) => {
        args[at + 1] = given;
        apply(original, self, args);
      }),
    );
  }
  wrap(Element.prototype, "setAttributeNode", (original, self, [node]) => {
    let replaced = null;
    put(self, plain(node.name), node.value, () => (replaced = apply(original, self, [node])));
    return replaced;
  });

  // ---- what is inserted

  let frames = 0;
  const guardFrames = () => {
    if (frames === realm.length) return;
    frames = realm.length;
    for (let at = 0; at < frames; at += 1) guardRealm(realm[at]);
  };
  for (const { prototype } of [realm.Node, Element]) {
    for (const name of getOwnPropertyNames(prototype).filter((name) => inserts.test(name))) {
      wrap(prototype, name, (original, self, args) => {
        const result = apply(original, self, args);
        for (const node of args) judgeRules(node);
        guardFrames();
        return result;
      });
    }
  }
  /** Carry out `set`, or put a fragment in its place with what is denied held back. */
  const insert = (markup, place, set) => {
    const fragment = gatedMarkup(markup);
    if (fragment) place(fragment);
    else set();
    guardFrames();
  };
  for (const { prototype } of [Element, ShadowRoot]) {
    const fill = (original, self, [value]) => {
      const target = self.localName === "template" ? contentOf(self) : self;
      insert(value, (fragment) => target.replaceChildren(fragment), () => apply(original, self, [value]));
    };
    wrapAccess(prototype, "innerHTML", null, (set, self, value) => fill(set, self, [value]));
    wrap(prototype, "setHTMLUnsafe", fill);
  }
  wrapAccess(Element.prototype, "outerHTML", null, (set, self, value) =>
    insert(value, (fragment) => self.replaceWith(fragment), () => apply(set, self, [value])),
  );
  wrap(Element.prototype, "insertAdjacentHTML", (original, self, [where, value]) => {
    const method = places[String(where).toLowerCase()];
    insert(value, (fragment) => self[method](fragment), () => apply(original, self, [where, value]));
  });
  wrap(Range.prototype, "createContextualFragment", (original, self, args) => {
    const fragment = apply(original, self, args);
    // Nothing has been fetched yet: browsers begin after the script that runs.
    gate(fragment);
    return fragment;
  });
  for (const name of ["write", "writeln"]) {
    wrap(Document.prototype, name, (original, self, args) => {
      const template = make(page, "template");
      const written = (fragment) => {
        contentOf(template).append(fragment);
        apply(original, self, [apply(markupOf.get, template, [])]);
      };
      // One may be a trusted type, which a text is not.
      insert(args.length > 1 ? args.join("") : args[0], written, () => apply(original, self, args));
    });
  }
};
