/* The site's own script. It does what careless sites do: a beacon of its own when the page closes. */
"use strict";
(() => {
  const { stray } = document.currentScript.dataset;
  addEventListener("pagehide", () => navigator.sendBeacon(stray));
})();
