// ---- requests

const denied = (resource) => {
  const url = (typeof resource === "object" && resource?.url) || resource;
  if (allowsUrl(String(url))) return false;
  held += 1;
  return true;
};
const fetchOf = window.fetch;

const guardRequests = (realm) => {
  wrap(realm, "fetch", (original, self, args) =>
    apply(original, self, denied(args[0]) ? [nobody] : args),
  );
  wrap(realm.XMLHttpRequest.prototype, "open", (original, self, [method, url, ...rest]) =>
    apply(original, self, [method, denied(url) ? nobody : url, ...rest]),
  );
  wrap(realm.Navigator.prototype, "sendBeacon", (original, self, args) =>
    denied(args[0]) ? false : apply(original, self, args),
  );
  const constructing = (name, construct) => {
    realm[name] = new Proxy(realm[name], { construct });
  };
  const connecting = (name, scheme) =>
    constructing(name, (target, args, type) =>
      Reflect.construct(target, args.length && denied(args[0]) ? [scheme + nobody] : args, type),
    );
  connecting("EventSource", "");
  connecting("WebSocket", location.protocol.replace("http", "ws"));
  constructing("Audio", (target, [url, ...rest], type) => {
    const audio = Reflect.construct(target, rest, type);
    if (url !== undefined) audio.src = url;
    return audio;
  });
};
