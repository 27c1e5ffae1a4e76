// Finds the banner and its controls in one frame: by the table of consent tools, else by what the
// controls are called. Called by asgi_consent.audit with { tools, names, given }.
({ tools, names, given }) => {
  const roots = [document];
  for (let at = 0; at < roots.length && roots.length < 200; at++)
    for (const element of roots[at].querySelectorAll("*")) if (element.shadowRoot) roots.push(element.shadowRoot);
  const all = (selector) => roots.flatMap((root) => { try { return [...root.querySelectorAll(selector)]; } catch { return []; } });
  const up = (element) => element.parentElement ?? element.getRootNode().host ?? null;
  const modal = all("dialog:modal").at(-1);  // what is behind it cannot be pressed
  const behind = (element) => { for (let at = element; at; at = up(at)) if (at === modal) return false; return Boolean(modal); };
  const visible = (element) => {
    if (behind(element)) return false;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
    const { width, height, bottom, right } = element.getBoundingClientRect();
    return width > 1 && height > 1 && bottom + scrollY > 0 && right > 0;
  };
  const shown = (selector) => (selector ? all(selector).find(visible) ?? null : null);
  const text = (element) => (element.innerText ?? element.textContent ?? "") + [...element.querySelectorAll("*")].map((one) => (one.shadowRoot ? one.shadowRoot.textContent : "")).join(" ");

  // Capitals lose accents in Greek and dots in Turkish.
  const plain = (said) => said.toLowerCase().normalize("NFD").replace(/\p{M}+/gu, "").replaceAll("ı", "i").normalize("NFC");
  const named = (element) =>
    plain(element.getAttribute("aria-label") || element.innerText || element.value || element.getAttribute("title") || "")
      .replace(/[^\p{L}\p{N}]+/gu, " ").trim();
  const fits = (name, list) =>
    list.some((entry) => name === entry || (name.startsWith(entry + " ") && name.length <= entry.length + 28) || (/[\u3040-\u30ff\u4e00-\u9fff]/.test(entry) && name.startsWith(entry)));
  const called = Object.fromEntries(Object.entries(names).map(([language, table]) =>
    [language, Object.fromEntries(Object.entries(table).map(([kind, list]) => [kind, list.map(plain)]))]));
  const kindOf = (name, kinds) => {
    for (const kind of kinds)
      for (const [language, table] of Object.entries(called)) if (fits(name, table[kind] ?? [])) return [kind, language];
    return null;
  };
  const words = Object.values(called).flatMap((table) => table.words);
  const concerns = (element) => { const found = plain(text(element)); return words.some((word) => found.includes(word)); };
  const clickable = () => all("button, a, [role=button], [role=link], input[type=button], input[type=submit], summary").filter(visible);

  const found = { tool: "", name: "", language: "", banner: null, accept: null, reject: null, settings: null, save: null, reopen: null, withdraw: null };
  for (const kind of ["accept", "reject", "settings", "save", "reopen", "withdraw"]) found[kind] = shown(given[kind]);
  found.banner = shown(given.banner);
  if (found.banner || found.accept || found.reject) Object.assign(found, { tool: "given", name: "the given selectors" });

  for (const tool of tools) {
    if (found.tool || !all(tool.detect).length) continue;
    const banner = shown(tool.banner || tool.detect);
    Object.assign(found, { tool: tool.id, name: tool.name, banner });
    for (const kind of ["accept", "reject", "settings", "save", "reopen", "withdraw"]) found[kind] ??= shown(tool[kind]);
  }

  // By name: inside a known banner for what the table lacks, else anywhere a cookie word is near.
  const inside = (element) => { for (let at = element; at; at = up(at)) if (at === found.banner) return true; return false; };
  const near = (element) => {
    let at = element;
    for (let steps = 0; at && at !== document.body && steps < 8; steps++, at = up(at)) if (concerns(at) && at !== element) return at;
    return null;
  };
  const pick = (kinds, allowed) => {
    for (const element of clickable()) {
      const match = kindOf(named(element), ["withdraw", "reject", "save", "settings", "accept"]);
      if (!match || !kinds.includes(match[0]) || found[match[0]] || !allowed(element, match[0])) continue;
      found[match[0]] = element;
      found.language ||= match[1];
    }
  };
  if (!found.tool || found.tool === "given") {
    pick(["accept", "reject", "withdraw"], (element, kind) =>
      !element.closest("nav, [role=navigation]") &&
      (kind === "withdraw" ? !element.closest("p, li, article") && near(element) : found.banner ? inside(element) : near(element)));
    if (found.accept || found.reject) {
      found.banner ??= near(found.accept ?? found.reject);
      found.tool ||= "by name";
      found.name ||= "an unknown consent tool";
    }
    // A link in the footer may be called the same: what belongs to the banner is in it.
    pick(["settings", "save"], (element) => (found.banner ? inside(element) : Boolean(modal)));
  }
  if (!found.reopen)
    found.reopen = clickable().find((element) => {
      const match = kindOf(named(element), ["reopen"]);
      return match && !(found.banner && inside(element)) && element !== found.settings;
    }) ?? null;
  return found;
}
