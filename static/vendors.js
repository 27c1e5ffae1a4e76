/* Tells the scripts of vendors what the visitor has chosen, by the API that each of them documents.
   One interpreter; the calls are data: see consent_apis.toml. It runs before any tag. */
"use strict";
((told) => {
  const { grants, apis } = told;

  const isGranted = (api, category, names) =>
    names.includes(category) || (api.services[category] ?? []).some((id) => names.includes(id));

  /** The arguments of a call, with the state in place of "$category". */
  const filled = (api, value, names) => {
    if (value === "$callback") return () => {};
    if (typeof value === "string" && value[0] === "$") {
      return isGranted(api, value.slice(1), names) ? api.yes : api.no;
    }
    if (Array.isArray(value)) return value.map((item) => filled(api, item, names));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(api, item, names)]));
  };

  // ---- how each kind is told

  const at = (path) => path.split(".").reduce((owner, name) => owner?.[name], window);
  const call = (path, parameters) => {
    const owner = path.includes(".") ? at(path.slice(0, path.lastIndexOf("."))) : window;
    const name = path.slice(path.lastIndexOf(".") + 1);
    if (typeof owner?.[name] === "function") return owner[name](...parameters);
  };

  /** Runs `first` just before the first use of a function that a vendor's snippet will make: such a
      snippet does nothing where the function is there already. */
  const beforeFirstUse = (name, first) => {
    let made;
    Object.defineProperty(window, name, {
      configurable: true,
      enumerable: true,
      set(value) {
        made = value;
      },
      get() {
        // Half made until it can keep what it is told.
        if (!made?.queue && !made?.q && !made?.callMethod) return made;
        Object.defineProperty(window, name, { value: made, writable: true, configurable: true, enumerable: true });
        first();
        return made;
      },
    });
  };

  const afterScripts = (run) =>
    document.readyState === "complete" ? run() : addEventListener("DOMContentLoaded", run, { once: true });
  const ready = ({ name, needs = [] }, parameters) => {
    const steps = [...needs.map(([path, ...rest]) => (next) => at(path) && call(path, [...rest, next]))];
    const last = () => call(name, parameters);
    const go = (step) => (step < steps.length ? steps[step](() => go(step + 1)) : last());
    go(0);
  };

  const tell = {
    arguments: ({ name }, parameters) => {
      const layer = (window.dataLayer ??= []);
      // Google reads `arguments`, and ignores arrays.
      window[name] ??= function () {
        layer.push(arguments);
      };
      window[name](...parameters);
    },
    queue: ({ name }, parameters) => (window[name] ??= []).push(...parameters),
    list: ({ name }, parameters) => (window[name] ??= []).push(parameters),
    methods: ({ name }, [method, ...rest]) => {
      const list = (window[name] ??= []);
      if (typeof list[method] === "function") list[method](...rest);
      else list.push([method, ...rest]);
    },
    function: ({ name }, parameters) => {
      window[name] ??= function () {
        (window[name].q ??= []).push(arguments);
      };
      window[name](...parameters);
    },
    snippet: ({ name }, parameters) => call(name, parameters),
    ready,
  };
  const tellAll = (api, calls, names) => {
    for (const parameters of calls) {
      try {
        tell[api.kind](api, filled(api, parameters, names));
      } catch {
        // A vendor's own mistake stops neither the page nor the others.
      }
    }
  };

  // ---- on every page, and when the choice changes

  const decides = (api, names) => isGranted(api, api.decides ?? "marketing", names);
  const starts = (api) => [
    ...(api.start ?? []),
    ...((decides(api, grants) ? api.start_granted : api.start_denied) ?? []),
  ];
  for (const api of apis) {
    const calls = starts(api);
    const run = () => tellAll(api, calls, grants);
    if (!calls.length) continue;
    if (api.kind === "snippet") beforeFirstUse(api.name, run);
    else if (api.kind === "ready") afterScripts(run);
    else run();
  }

  let known = grants;
  const change = (names) => {
    for (const api of apis) {
      const [before, now] = [known, names].map((some) => decides(api, some));
      const turned = before === now ? [] : ((now ? api.grant : api.revoke) ?? []);
      const state = (some) => JSON.stringify(filled(api, api.change ?? [], some));
      tellAll(api, state(known) === state(names) ? turned : [...api.change ?? [], ...turned], names);
    }
    known = names;
  };
  document.addEventListener("consent:change", ({ detail }) => change([...detail.categories, ...detail.services]));
  document.addEventListener("consent:stop", () => change([]));
})(__CONSENT_APIS__);
