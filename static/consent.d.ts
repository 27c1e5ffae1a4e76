/** What the page's own scripts may ask of asgi-consent: `window.consent`. */

export interface ConsentState {
  /** W3C DPV: what became of the visitor's consent. */
  readonly status: "unknown" | "given" | "refused" | "withdrawn" | "expired";
  /** Whether the banner has been answered, and not only a single service allowed. */
  readonly answered: boolean;
  readonly categories: readonly string[];
  readonly services: readonly string[];
  /** Whether Global Privacy Control keeps something switched off. */
  readonly gpc: boolean;
  readonly record: string | null;
  readonly revision: number | null;
  /** Seconds since 1970. */
  readonly time: number | null;
}

export interface Consent {
  /** Whether a category or a declared service is granted. */
  allows(name: string): boolean;
  /** Hear of each choice the visitor makes on this page. Gives what ends it. */
  on(name: "change", listener: (state: ConsentState) => void): () => void;
  /** Hear that the banner is about to ask; `event.preventDefault()` keeps it closed until `open()`. */
  on(name: "request", listener: (detail: null, event: CustomEvent<null>) => void): () => void;
  /** Show the visitor the preferences. */
  open(): void;
}

declare global {
  interface Window {
    readonly consent: Consent;
  }
  interface DocumentEventMap {
    "consent:change": CustomEvent<ConsentState>;
    "consent:request": CustomEvent<null>;
  }
  var consent: Consent;
}
