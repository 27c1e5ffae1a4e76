/* The API of the Global Privacy Platform, version 1.1, for one US section under CMP id 1. The strings
   come from the server, for each state that a visitor can be in.
   https://github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform, CMP API Specification */
"use strict";
((told) => {
  if (window.__gpp) return; // somebody else answers here
  const { id, name, opts, states } = told;
  const gpc = navigator.globalPrivacyControl === true;
  const stateOf = (grants) => states[`${!opts.every((category) => grants.includes(category))} ${gpc}`];

  let now = stateOf(told.grants);
  let signalStatus = "ready";
  let last = 0;
  const listeners = new Map();

  const ping = () => ({
    gppVersion: "1.1",
    cmpStatus: "loaded",
    cmpDisplayStatus: "hidden",
    signalStatus,
    supportedAPIs: [`${id}:${name}`],
    cmpId: 1,
    sectionList: [id],
    applicableSections: [id],
    gppString: now.string,
    parsedSections: { [name]: now.values },
  });
  const tell = (eventName, data) => {
    for (const [listenerId, listener] of listeners) {
      listener({ eventName, listenerId, data, pingData: ping() }, true);
    }
  };
  const commands = {
    ping,
    addEventListener: (_, callback) => {
      listeners.set((last += 1), callback);
      return { eventName: "listenerRegistered", listenerId: last, data: true, pingData: ping() };
    },
    removeEventListener: (listenerId) => {
      const data = listeners.delete(listenerId);
      return { eventName: "listenerRemoved", listenerId, data, pingData: ping() };
    },
    hasSection: (prefix) => prefix === name,
    getSection: (prefix) => (prefix === name ? [now.values] : null),
    getField: (field) => {
      const [prefix, key] = String(field).split(".");
      return (prefix === name && now.values[key]) ?? null;
    },
  };
  window.__gpp = (command, callback, parameter) => {
    const known = Object.hasOwn(commands, command);
    callback(known ? commands[command](parameter, callback) : null, known);
  };

  // Frames of others ask by message, and find us by the name of a frame.
  addEventListener("message", ({ data, source }) => {
    let asked = data;
    try {
      if (typeof data === "string") asked = JSON.parse(data);
    } catch {
      return;
    }
    const asks = asked?.__gppCall;
    if (!asks || !source) return;
    window.__gpp(
      asks.command,
      (returnValue, success) => {
        const answer = { __gppReturn: { returnValue, success, callId: asks.callId } };
        source.postMessage(typeof data === "string" ? JSON.stringify(answer) : answer, "*");
      },
      asks.parameter,
    );
  });
  addEventListener("DOMContentLoaded", () => {
    const locator = document.createElement("iframe");
    locator.name = "__gppLocator";
    locator.hidden = true;
    document.body.append(locator);
  });

  const change = (grants) => {
    const next = stateOf(grants);
    if (next === now) return;
    signalStatus = "not ready";
    tell("signalStatus", signalStatus);
    now = next;
    tell("sectionChange", name);
    signalStatus = "ready";
    tell("signalStatus", signalStatus);
  };
  document.addEventListener("consent:change", ({ detail }) => change(detail.categories));
  document.addEventListener("consent:stop", () => change([]));
})(__CONSENT_GPP__);
