// Uses of consent.d.ts as sites write them; `npm run lint` checks their types.
import type { ConsentState } from "./consent";

const heard: string[] = [];
const stop: () => void = consent.on("change", (state: ConsentState) => heard.push(...state.categories));
consent.on("request", (_, event) => event.preventDefault());
document.addEventListener("consent:change", (event) => heard.push(event.detail.status));
if (window.consent.allows("statistics")) consent.open();
stop();
// @ts-expect-error: nothing of this name is told
consent.on("choice", () => {});
