/* Makes the banner comfortable where scripts run: choices without leaving the page, preferences in a
   dialog. Everything it does is also there without it. */
"use strict";
(() => {
  const script = document.currentScript;
  const host = document.querySelector("asgi-consent");
  if (!host) return;
  let root = host.shadowRoot;
  const template = host.querySelector("template[shadowrootmode]");
  if (!root && template) {
    // Browsers from before declarative shadow DOM.
    root = host.attachShadow({ mode: "open" });
    root.append(template.content);
    template.remove();
  }
  const find = (id) => root.getElementById(id);
  const banner = find("banner");
  const dialog = find("preferences");
  const link = find("link");

  const say = (text) => {
    find("status").textContent = text;
    setTimeout(() => (find("status").textContent = ""), 6000);
  };

  const storageIsBlocked = () => {
    try {
      return !navigator.cookieEnabled || !window.localStorage;
    } catch {
      return true;
    }
  };

  const close = () => {
    dialog?.close();
    banner?.remove();
    link.hidden = false;
  };

  /** Whether something gated on this page may run now, or something running may not any more. */
  const pageIsStale = (state) => {
    const before = window.consent?.grants ?? [];
    const now = ["necessary", ...state.categories, ...state.services];
    if (before.some((name) => !now.includes(name))) return true;
    if (!now.some((name) => !before.includes(name))) return false;
    return window.consent?.held > 0 || Boolean(document.querySelector("[data-consent-gated]"));
  };

  const choose = async (form, button) => {
    const data = new URLSearchParams(new FormData(form));
    data.set(button.name, button.value);
    const response = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json" },
    });
    if (!response.ok) throw new Error(String(response.status));
    const state = await response.json();
    close();
    document.dispatchEvent(new CustomEvent("consent:change", { detail: state }));
    if (!/(^|; )(__Host-)?asgi_consent=/.test(document.cookie)) {
      say("Your browser keeps no cookies, so this counts as a no.");
    } else if (pageIsStale(state) && !("noReload" in script.dataset)) {
      location.reload();
    } else {
      say("Saved. You can change it any time.");
    }
  };

  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    choose(form, event.submitter).catch(() => {
      // Without a script it works the plain way.
      const { name, value } = event.submitter;
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
      form.submit();
    });
  });

  root.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    find(opener.dataset.opens).showModal(); // closing it gives the focus back
  });

  if (banner && storageIsBlocked()) {
    close();
    link.querySelector("a").textContent = "Your browser keeps no cookies. That counts as a no.";
  }
})();
