/* What was held back starts in the page as it stands, without loading it again: only where the settings
   say activation = "in-place", and fetched only when somebody agrees. One after the other, in the order
   of the page, as its parser would have run them: classic scripts where they stand, then deferred ones
   and modules; async ones whenever they arrive. One that fails or hangs stops none of the others. */
"use strict";
(() => {
  const PREFIX = "data-consent-";
  const LONGEST_WAIT = 10_000;
  const marks = ["data-consent-gated", "data-consent-service"];
  /** The rest of a long job waits until the visitor's next press has been answered. */
  const pause = () => window.scheduler?.yield?.() ?? new Promise((next) => setTimeout(next));
  const painted = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next)));

  const isGranted = (element) => {
    const mark = element.getAttribute("data-consent");
    const names = mark?.trim() ? mark.trim().split(/\s+/) : [];
    const service = element.getAttribute("data-consent-service");
    const gate = service || element.getAttribute("data-consent-gated");
    if (gate) names.push(gate);
    return names.length > 0 && names.every((name) => window.consent.allows(name));
  };
  const held = () => [...document.querySelectorAll('[data-consent-gated], script[type="text/plain"][data-consent]')];
  const granted = () => held().filter(isGranted);
  /** With what the guard held back, whose category only the guard knows: given its address again, it is
      judged again. */
  const all = () => held().filter((element) => isGranted(element) || element.getAttribute("data-consent-gated") === "");

  // ---- elements that are no scripts

  const release = (element) => {
    if (element.localName === "iframe") element.removeAttribute("srcdoc");
    if (element.localName === "style") {
      element.textContent = element.textContent.replaceAll("data:consent,", "");
    }
    if (element.localName === "script") element.removeAttribute("type"); // of an SVG
    for (const name of marks) element.removeAttribute(name);
    for (const { name, value } of [...element.attributes]) {
      if (value.includes("data:consent,")) element.setAttribute(name, value.replaceAll("data:consent,", ""));
      if (!name.startsWith(PREFIX) || marks.includes(name)) continue;
      element.removeAttribute(name);
      element.setAttribute(name.slice(PREFIX.length), value);
    }
  };

  // ---- scripts

  /** A script that runs: a browser runs none whose type has only been changed. */
  const copy = (held) => {
    const script = document.createElement("script");
    const type = held.getAttribute("data-consent-type");
    for (const { name, value } of held.attributes) {
      if (marks.includes(name) || name === "type" || name === "nonce") continue;
      script.setAttribute(name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name, value);
    }
    if (type !== null) script.setAttribute("type", type);
    // Browsers hide it from attributes.
    if (held.nonce) script.nonce = held.nonce;
    script.text = held.text;
    return script;
  };
  const run = (held) =>
    new Promise((done) => {
      // Left async, as all that scripts make: in the browser's own order one that hangs holds up the rest.
      const script = copy(held);
      const external = script.hasAttribute("src");
      const isModule = script.type === "module";
      const ends = external || isModule;
      if (ends) {
        script.addEventListener("load", done);
        script.addEventListener("error", done);
        setTimeout(done, LONGEST_WAIT);
      }
      writing = script;
      held.replaceWith(script);
      // No module where there are modules: it never runs and never ends.
      if (!ends || script.hasAttribute("async") || (script.noModule && !isModule)) done();
    });
  const isLate = (held) =>
    held.getAttribute("data-consent-type") === "module" ||
    (held.hasAttribute("defer") && held.hasAttribute("data-consent-src"));

  // ---- what scripts expect of a page that is being parsed

  // Where document.write would put what it writes; at any other time it empties the page.
  let writing = null;
  const written = [];
  const write = (...texts) => {
    if (!writing?.isConnected) return;
    const range = document.createRange();
    range.selectNode(writing);
    const fragment = range.createContextualFragment(texts.join(""));
    // They run one after the other as well, when it is their turn.
    for (const script of fragment.querySelectorAll("script")) {
      const held = document.createElement("script");
      for (const { name, value } of script.attributes) held.setAttribute(name === "type" || name === "src" ? PREFIX + name : name, value);
      held.type = "text/plain";
      held.text = script.text;
      script.replaceWith(held);
      written.push(held);
    }
    const last = fragment.lastChild;
    writing.after(fragment);
    if (last) writing = last;
  };
  /** While `work` lasts, listeners for events that are over are kept; afterwards they hear them. */
  const asWhileParsing = async (work) => {
    const over = ["DOMContentLoaded", "load", "readystatechange"];
    const late = [];
    const own = [];
    for (const target of [document, window]) {
      own.push([target, "addEventListener"]);
      target.addEventListener = function (type, listener, options) {
        if (over.includes(type)) late.push([target, type, listener]);
        else EventTarget.prototype.addEventListener.call(this, type, listener, options);
      };
    }
    for (const name of ["write", "writeln"]) {
      own.push([document, name]);
      document[name] = write;
    }
    const { onload } = window;
    try {
      await work();
    } finally {
      for (const [target, name] of own) delete target[name];
    }
    if (window.onload !== onload) late.push([window, "load", window.onload]);
    for (const wanted of over) {
      for (const [target, type, listener] of late) {
        if (type !== wanted || !listener) continue;
        try {
          const event = new Event(type);
          if (typeof listener === "function") listener.call(target, event);
          else listener.handleEvent(event);
        } catch (error) {
          reportError(error);
        }
      }
    }
  };

  const activate = async (elements) => {
    const scripts = elements.filter((element) => element instanceof HTMLScriptElement);
    for (const element of elements) {
      if (scripts.includes(element)) continue;
      release(element);
      await pause();
    }
    if (!scripts.length) return;
    await asWhileParsing(async () => {
      const turns = [...scripts.filter((held) => !isLate(held)), ...scripts.filter(isLate)];
      while (turns.length) {
        const held = turns.shift();
        if (held.isConnected) await run(held);
        turns.unshift(...written.splice(0));
        await pause();
      }
      writing = null;
    });
  };

  // One job at a time, also for what is inserted later.
  let job = Promise.resolve();
  const next = (find) => {
    const work = () => activate(find());
    job = job.then(work, work);
  };
  new MutationObserver(() => granted().length && next(granted)).observe(document.documentElement, {
    childList: true,
    subtree: true,
  });
  painted().then(() => next(all));
  document.addEventListener("consent:renewed", () => next(all));
})();
