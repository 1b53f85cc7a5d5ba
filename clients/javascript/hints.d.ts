import type {Hints} from "./house-rules.js";

export interface Labels {
  none: string;
  some(count: number): string;
  instead(from: string, to: string): string;
  changed(to: string): string;
}

/** `<house-rules-hints src="…">` around a `<textarea>`. Fires `house-rules-hints`. */
export class HouseRulesHints extends HTMLElement {
  labels: Labels;
  headers: Record<string, string>;
  /** Asks about the present text now, without waiting for a pause. */
  check(): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "house-rules-hints": HouseRulesHints;
  }
  interface HTMLElementEventMap {
    "house-rules-hints": CustomEvent<Hints>;
  }
}
