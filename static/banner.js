/* Makes the banner comfortable where scripts run: choices without leaving the page, preferences in a
   dialog, other tabs that follow. Everything it does is also there without it. */
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
  const status = find("status");
  const texts = status.dataset; // in the language of the banner

  // One message at a time.
  let silence;
  const say = (text, after = 0, lasts = 6000) => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      status.textContent = text;
      silence = setTimeout(() => (status.textContent = ""), lasts);
    }, after);
  };

  /** Above everything, whatever the site does with its own layers. */
  const raise = () => {
    if (!banner?.isConnected || !banner.showPopover || root.activeElement) return;
    banner.popover = "manual";
    banner.showPopover();
  };

  /** Nothing with the focus is all behind the banner (WCAG 2.4.11): it changes between bottom and top. */
  const dodge = () => {
    const focused = document.activeElement;
    if (!banner?.isConnected || focused === host) return;
    const at = focused.getBoundingClientRect();
    const box = banner.getBoundingClientRect();
    if (at.top >= box.top && at.bottom <= box.bottom && at.left >= box.left && at.right <= box.right) {
      banner.classList.toggle("up");
    }
  };
  document.addEventListener("focusin", () => {
    dodge();
    document.addEventListener("scrollend", dodge, { once: true }); // where the page scrolls smoothly
  });

  const close = () => {
    if (dialog?.open) dialog.close();
    banner?.remove();
    link.hidden = false;
  };

  // ---- what changed, and whether this page can stay as it is

  /** What the guard knows; nothing, if the app's own policy has kept it out. */
  const ask = () => {
    const detail = { grants: [], held: 0, removed: Promise.resolve([]) };
    document.dispatchEvent(new CustomEvent("consent:ask", { detail }));
    return detail;
  };
  const granted = () => ask().grants.filter((name) => name !== "necessary");
  const loses = (names) => granted().some((name) => !names.includes(name));
  const gains = (names) => names.some((name) => !granted().includes(name));
  /** Whether the page has to be loaded again for what is granted: a policy of the browser cannot be
      loosened on the page that is open, and what was held back has to run from the start. */
  const isBound = () =>
    "bounded" in script.dataset || ask().held > 0 || document.querySelector("[data-consent-gated]") !== null;

  /** Whether somebody has begun to fill in a form of the page, which a reload would empty. */
  const isFilledIn = () =>
    [...document.querySelectorAll("input, textarea")].some((field) =>
      field.type === "checkbox" || field.type === "radio"
        ? field.checked !== field.defaultChecked
        : field.type !== "hidden" && field.value !== field.defaultValue,
    );

  // A page that answers a POST is not loaded again: that would send the form a second time.
  const mayReload = !("noReload" in script.dataset);
  const stop = () => document.dispatchEvent(new Event("consent:stop"));

  /** Make the page fit the choice. */
  const follow = (names) => {
    if (loses(names)) return end();
    if (gains(names) && script.dataset.activate) return activate();
    if (gains(names) && isBound()) {
      if (mayReload && !isFilledIn()) return location.reload();
      return say(texts.later);
    }
    if (gains(names)) renew();
    say(names.length ? texts.given : texts.refused);
  };

  /** Let the guard go by what is granted now. */
  const renew = () => {
    const detail = {};
    document.dispatchEvent(new CustomEvent("consent:renew", { detail }));
    return detail.renewed;
  };

  /** Let what is granted start in this page (activate.js), once it says so on the screen. */
  const activate = async () => {
    say(texts.given);
    await renew();
    if (activate.loaded) return document.dispatchEvent(new Event("consent:renewed"));
    activate.loaded = true;
    const loader = document.createElement("script");
    loader.nonce = script.nonce;
    try {
      loader.src = script.dataset.activate;
    } catch {
      // Trusted Types let nobody but the app name a script: then the page is loaded again.
      return mayReload && location.reload();
    }
    document.head.append(loader);
  };

  /** Scripts that have lost their grant go with the page. */
  const end = () => {
    stop();
    if (mayReload) return location.reload();
    link.querySelector("form")?.remove();
    say(texts.ended);
  };

  // ---- making a choice

  const post = async (action, data) => {
    // What a script pressed is recorded as a script's doing.
    if (navigator.userActivation?.isActive === false) data.set("from", "api");
    const answer = await fetch(action, {
      method: "POST",
      body: new URLSearchParams(data),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };

  const keepsCookies = () => /(^|; )(__Host-)?asgi_consent=/.test(document.cookie);

  /** What a withdrawal has removed is told by the page that comes next. */
  const NOTE = "asgi_consent_removed";
  const note = (removed) => {
    try {
      sessionStorage.setItem(NOTE, JSON.stringify(removed));
    } catch {
      // Blocked by the browser's settings.
    }
  };
  const tell = async () => {
    try {
      const cookies = JSON.parse(sessionStorage.getItem(NOTE));
      if (!cookies) return;
      sessionStorage.removeItem(NOTE);
      const names = [...new Set([...cookies, ...(await ask().removed)])].map((name) => name.replace(location.origin, ""));
      const shown = names.length > 12 ? [...names.slice(0, 12), `+${names.length - 12}`] : names;
      const what = names.length ? `${texts.removed} ${shown.join(", ")}` : texts.nothing;
      say(`${texts.withdrawn} ${what}`, 0, 20_000);
    } catch {
      // Blocked, or not ours.
    }
  };

  // The cookie of our own choice may be heard of before its answer.
  let choosing = false;
  const choose = async (form, button) => {
    const data = new FormData(form);
    data.set(button.name, button.value);
    const kept = [...data.getAll("category"), ...data.getAll("service")];
    const withdraws = button.value === "reject" || (button.value === "save" && loses(kept));
    // Before the answer: what a script sends while we wait counts.
    if (withdraws && granted().length) stop();
    choosing = true;
    const state = await post(form.action, data).finally(() => (choosing = false));
    if (withdraws && loses(kept) && mayReload) note(state.removed);
    close();
    document.dispatchEvent(new CustomEvent("consent:change", { detail: state }));
    if (!keepsCookies()) return say(texts.unkept);
    otherTabs.postMessage("changed");
    follow([...state.categories, ...state.services]);
  };

  let refused = false;
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, disposition }) => {
    refused ||= effectiveDirective === "connect-src" && disposition === "enforce";
  });
  let asForm = false;
  const sendAsForm = (form, button) => {
    asForm = true;
    button.disabled = false;
    form.requestSubmit(button);
  };

  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || asForm) return;
    event.preventDefault();
    const buttons = [...root.querySelectorAll("button")];
    for (const button of buttons) button.disabled = true;
    choose(form, event.submitter)
      .catch(async () => {
        // A policy of the app's may have stopped our request, which is told a moment later; it lets
        // forms go their own way.
        await new Promise((next) => setTimeout(next, 50));
        if (refused) sendAsForm(form, event.submitter);
        else say(texts.failed);
      })
      .finally(() => {
        for (const button of buttons) button.disabled = false;
      });
  });

  root.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    find(opener.dataset.opens).showModal(); // closing it gives the focus back
    find("preferences-title").focus();
  });

  // ---- placeholders: the same, without losing the place on the page

  const listen = (frame) => {
    frame.contentDocument?.addEventListener("submit", (event) => {
      event.preventDefault();
      const data = new FormData(event.target);
      data.set(event.submitter.name, event.submitter.value);
      post(event.target.action, data)
        .then(() => (isFilledIn() || !mayReload ? say(texts.shown) : location.reload()))
        .catch(() => say(texts.failed));
    });
  };
  const heard = new WeakSet();
  const listenToAll = () => {
    for (const frame of document.querySelectorAll("iframe[data-consent-gated][srcdoc]")) {
      if (heard.has(frame)) continue;
      heard.add(frame);
      frame.addEventListener("load", () => listen(frame));
      if (frame.contentDocument?.readyState === "complete") listen(frame);
    }
  };

  // ---- pages that replace their own body, as Turbo and htmx do: the way back to the choice stays

  const stay = () => {
    if (!document.body) return;
    observer.observe(document.body, { childList: true });
    if (!host.isConnected) {
      document.body.prepend(host);
      raise();
    }
    listenToAll();
  };
  const observer = new MutationObserver(stay);
  observer.observe(document.documentElement, { childList: true });
  stay();

  // ---- choices made elsewhere: in another tab, or while this page was put away

  const cookie = () => /(?:^|; )(?:__Host-)?asgi_consent=v1\.([\w-]+)/.exec(document.cookie)?.[1];
  let known = cookie();
  const look = () => {
    const now = cookie();
    if (choosing || now === known) return;
    known = now;
    let names = [];
    if (now) {
      const { categories, services } = JSON.parse(atob(now.replace(/-/g, "+").replace(/_/g, "/")));
      names = [...categories, ...services];
      close();
    }
    if (loses(names)) end();
  };
  window.cookieStore?.addEventListener("change", look);
  // What was made ready before it was shown may be from before a choice.
  document.addEventListener("prerenderingchange", look);
  // An open channel would keep the page out of the back/forward cache.
  let otherTabs;
  const tune = () => {
    otherTabs = new BroadcastChannel("asgi-consent");
    otherTabs.addEventListener("message", look);
  };
  tune();
  addEventListener("pagehide", () => otherTabs.close());
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    tune();
    look();
  });
  document.addEventListener("visibilitychange", () => document.hidden || look());

  // ---- at the start

  /** Only trying tells: `navigator.cookieEnabled` says yes where cookies are refused. */
  const cookiesAreBlocked = () => {
    document.cookie = "asgi_consent_probe=1; path=/; samesite=lax";
    const kept = document.cookie.includes("asgi_consent_probe=1");
    document.cookie = "asgi_consent_probe=; path=/; max-age=0";
    return !kept;
  };

  document.addEventListener("consent:open", () => {
    if (!dialog) return location.assign(link.querySelector("a").href);
    banner.hidden = false;
    if (!dialog.open) dialog.showModal();
  });
  if (banner && cookiesAreBlocked()) {
    close();
    link.querySelector("a").textContent = texts.unkept;
  } else if (banner && !document.dispatchEvent(new CustomEvent("consent:request", { cancelable: true }))) {
    // The site asks in its own time: consent.open().
    banner.hidden = true;
    link.hidden = false;
  } else {
    raise();
  }
  tell();
  if (status.textContent.trim()) {
    const text = status.textContent.trim();
    status.textContent = ""; // only a change is announced
    say(text, 200);
  }
})();
