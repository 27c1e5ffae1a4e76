// Runs first in every frame of a page under audit: notes which script wrote what, and which reads
// make a device recognisable. It changes no result. What it notes is picked up by asgi_consent.audit.
(() => {
  if (Object.hasOwn(globalThis, "__asgiConsentAudit")) return;
  const notes = { writes: [], reads: [] };
  Object.defineProperty(globalThis, "__asgiConsentAudit", { value: notes });
  const most = 500;
  const push = (list, note) => list.length < most && list.push(note);

  const caller = () => {
    const lines = (new Error().stack || "").split("\n").slice(3);
    for (const line of lines) {
      const found = line.match(/\(?((?:https?|blob):[^\s)]+?)(?::\d+){1,2}\)?$/);
      if (found && !/\/guard\.js/.test(found[1])) return found[1];  // ours only passes it on
    }
    return location.href;
  };
  const wrote = (kind, name, value) =>
    push(notes.writes, { at: Date.now() / 1000, kind, name: String(name), value: String(value ?? ""), by: caller(), page: location.href });
  const seen = new Set();
  const read = (what) => {
    const by = caller();
    if (seen.has(what + by)) return;
    seen.add(what + by);
    push(notes.reads, { at: Date.now() / 1000, what, by, page: location.href });
  };

  const accessor = (owner, name, { set, get }) => {
    const own = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!own || !own.configurable) return;
    const changed = { ...own };
    if (set && own.set) changed.set = function (value) { set(value); own.set.call(this, value); };
    if (get && own.get) changed.get = function () { get(); return own.get.call(this); };
    Object.defineProperty(owner, name, changed);
  };
  const method = (owner, name, note) => {
    const own = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (!own || typeof own.value !== "function" || !own.configurable) return;
    const original = own.value;
    const replacement = { [name](...given) { note.call(this, given); return Reflect.apply(original, this, given); } }[name];
    Object.defineProperty(replacement, "length", { value: original.length });
    Object.defineProperty(owner, name, { ...own, value: replacement });
  };

  accessor(globalThis.Document?.prototype, "cookie", { set: (value) => wrote("cookie", String(value).split("=")[0].trim(), value) });
  method(globalThis.CookieStore?.prototype, "set", ([first, value]) =>
    wrote("cookie", first?.name ?? first, `${first?.name ?? first}=${first?.value ?? value}`));
  let local = null;  // the real one: a page may be shown another later
  try { local = globalThis.localStorage; } catch { /* blocked */ }
  method(globalThis.Storage?.prototype, "setItem", function ([key, value]) {
    wrote(this === local ? "localStorage" : "sessionStorage", key, value);
  });
  method(globalThis.IDBFactory?.prototype, "open", ([name]) => wrote("indexedDB", name));
  method(globalThis.CacheStorage?.prototype, "open", ([name]) => wrote("cacheStorage", name));

  // What tells one device from another. One read is feature detection; each is listed, and judged
  // by how many kinds there are.
  method(globalThis.HTMLCanvasElement?.prototype, "toDataURL", () => read("canvas"));
  method(globalThis.CanvasRenderingContext2D?.prototype, "getImageData", () => read("canvas"));
  for (const gl of [globalThis.WebGLRenderingContext, globalThis.WebGL2RenderingContext]) {
    method(gl?.prototype, "getExtension", ([name]) => String(name) === "WEBGL_debug_renderer_info" && read("graphics card"));
    method(gl?.prototype, "getSupportedExtensions", () => read("graphics extensions"));
  }
  for (const audio of ["OfflineAudioContext", "RTCPeerConnection"]) {
    const Own = globalThis[audio];
    if (!Own) continue;
    const replacement = new Proxy(Own, {
      construct(target, given, newTarget) {
        read(audio === "OfflineAudioContext" ? "audio" : "local addresses (WebRTC)");
        return Reflect.construct(target, given, newTarget);
      },
    });
    Object.defineProperty(globalThis, audio, { value: replacement, configurable: true, writable: true });
  }
  method(globalThis.Navigator?.prototype, "getBattery", () => read("battery"));
  method(globalThis.MediaDevices?.prototype, "enumerateDevices", () => read("cameras and microphones"));
  method(globalThis.NavigatorUAData?.prototype, "getHighEntropyValues", () => read("device details (client hints)"));
  method(globalThis.Geolocation?.prototype, "getCurrentPosition", () => read("place"));
  method(globalThis.Geolocation?.prototype, "watchPosition", () => read("place"));
  accessor(globalThis.Navigator?.prototype, "plugins", { get: () => read("plug-ins") });
  accessor(globalThis.Navigator?.prototype, "deviceMemory", { get: () => read("memory") });
  accessor(globalThis.Navigator?.prototype, "hardwareConcurrency", { get: () => read("processors") });
})();
