/**
 * `<house-rules-hints>` shows authors what to change while they type.
 *
 *     <house-rules-hints src="/comments/hints">
 *       <textarea name="comment" aria-label="Your comment"></textarea>
 *     </house-rules-hints>
 *
 * When the author pauses, the element sends `{"text": …}` to `src`, a route of your own site that asks
 * the service with your key and answers with the client's `hints(text)`. It marks the words, lists the
 * messages, and offers corrections as buttons. It never stops an author from posting, and shows nothing
 * if your site does not answer.
 *
 * Attributes: `src`; `wait`, the pause in milliseconds (700). Properties: `labels`, the words on the
 * element, and `headers`, which are sent with each request (for example a token against CSRF).
 * Colours: `--house-rules-mark`, `--house-rules-text`, `--house-rules-background`, `--house-rules-line`.
 * After each answer the element fires `house-rules-hints` with the answer as `detail`.
 */

const LABELS = {
  none: "",
  some: (count) => (count === 1 ? "1 thing to change" : `${count} things to change`),
  instead: (from, to) => (to ? `Write “${to}” instead of “${from}”` : `Leave out “${from}”`),
  changed: (to) => (to ? `Changed to “${to}”.` : "Left out."),
};

const COPIED =
  "font lineHeight letterSpacing wordSpacing textIndent textAlign textTransform tabSize direction " +
  "paddingTop paddingRight paddingBottom paddingLeft borderTopWidth borderRightWidth " +
  "borderBottomWidth borderLeftWidth";

const STYLE = `
  :host { display: block; }
  .field { position: relative; }
  .marks { position: absolute; box-sizing: border-box; overflow: hidden; pointer-events: none;
    color: transparent; white-space: pre-wrap; overflow-wrap: break-word; border: 0 solid transparent; }
  mark { color: transparent; background: none; text-decoration: underline wavy 2px;
    text-decoration-color: var(--house-rules-mark, light-dark(#b3261e, #ffb4ab));
    text-decoration-skip-ink: none; }
  .hints { margin: .5rem 0 0; padding: 0; list-style: none;
    color: var(--house-rules-text, light-dark(#1c1b1f, #e6e1e5)); }
  .hints li { margin: .25rem 0; padding: .5rem .75rem;
    background: var(--house-rules-background, light-dark(#f6f4ef, #2b2a27));
    border-inline-start: 3px solid var(--house-rules-mark, light-dark(#b3261e, #ffb4ab)); }
  .words { font-weight: 600; }
  button { font: inherit; color: inherit; cursor: pointer; margin: .25rem .25rem .25rem 0;
    min-height: 28px; padding: .1rem .6rem; background: transparent; border-radius: 6px;
    border: 1px solid var(--house-rules-line, light-dark(#79747e, #938f99)); }
  button:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
  .status { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

export class HouseRulesHints extends HTMLElement {
  labels = LABELS;
  headers = {};
  #answer = null; // about `#text`
  #text = "";
  #timer = 0;
  #request = null;
  #field = null;
  #sizes = null;

  constructor() {
    super();
    const root = this.attachShadow({mode: "open"});
    const style = new CSSStyleSheet(); // allowed by a policy without inline styles
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const field = element("div", {className: "field"});
    this.marks = element("div", {className: "marks", ariaHidden: "true"});
    this.list = element("ul", {className: "hints", hidden: true});
    this.status = element("div", {className: "status", role: "status"});
    field.append(element("slot"), this.marks);
    root.append(field, this.list, this.status);
    root.querySelector("slot").addEventListener("slotchange", () => this.#attach());
  }

  connectedCallback() {
    this.#attach();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#sizes?.disconnect();
    this.#field = null;
  }

  /** Asks about the present text now, without waiting for a pause. */
  async check() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const text = this.#field?.value ?? "";
    if (text === this.#text && this.#answer) return;
    if (!text.trim()) return this.#show(text, null);
    const request = (this.#request = new AbortController());
    try {
      const answer = await fetch(this.getAttribute("src"), {
        method: "POST",
        headers: {"Content-Type": "application/json", ...this.headers},
        body: JSON.stringify({text}),
        signal: request.signal,
      });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const hints = await answer.json();
      if (request === this.#request && this.#field?.value === text) this.#show(text, hints);
    } catch (error) {
      if (error.name !== "AbortError") this.#show(text, null); // the author may post all the same
    }
  }

  #attach() {
    const field = this.querySelector("textarea");
    if (field === this.#field || !field) return;
    this.#field = field;
    field.addEventListener("input", () => this.#typed());
    field.addEventListener("scroll", () => this.#place());
    this.#sizes?.disconnect();
    this.#sizes = new ResizeObserver(() => this.#place());
    this.#sizes.observe(field);
    if (field.value) this.#typed();
  }

  #typed() {
    if (this.#field.value !== this.#text) this.#mark([]); // the places are no longer right
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.check(), Number(this.getAttribute("wait") ?? 700));
  }

  #show(text, answer) {
    this.#text = text;
    this.#answer = answer;
    const characters = Array.from(text);
    const reasons = answer?.reasons ?? [];
    const changes = answer?.changes ?? [];
    this.#mark([...reasons.flatMap(({spans}) => spans ?? []), ...changes]);
    const items = reasons.map((reason) => this.#item(reason, characters));
    if (changes.length) {
      const item = element("li");
      item.append(...changes.map((change) => this.#button(change, characters)));
      items.push(item);
    }
    this.list.replaceChildren(...items);
    this.list.hidden = !items.length;
    const {none, some} = this.labels;
    this.#say(items.length ? some(items.length) : none);
    if (answer) this.dispatchEvent(new CustomEvent("house-rules-hints", {detail: answer}));
  }

  #item({message, spans}, characters) {
    const item = element("li", {textContent: message});
    const words = (spans ?? []).map(({start, end}) => characters.slice(start, end).join(""));
    const quoted = [...new Set(words)].filter((word) => word.trim()).slice(0, 3);
    if (quoted.length) {
      const text = ` “${quoted.join("”, “")}”`;
      item.append(element("span", {className: "words", textContent: text}));
    }
    return item;
  }

  #button(change, characters) {
    const from = characters.slice(change.start, change.end).join("");
    const button = element("button", {type: "button"});
    button.textContent = this.labels.instead(from, change.instead);
    button.addEventListener("click", () => this.#apply(change, characters));
    return button;
  }

  /** Makes a correction, so that the author can undo it as anything typed. */
  #apply({start, end, instead}, characters) {
    const field = this.#field;
    const at = units(characters, start);
    field.focus();
    field.setSelectionRange(at, units(characters, end));
    if (!document.execCommand("insertText", false, instead)) {
      field.setRangeText(instead, at, units(characters, end), "end");
      field.dispatchEvent(new InputEvent("input", {bubbles: true}));
    }
    this.#say(this.labels.changed(instead));
    this.check();
  }

  /** Marks places in the text, which are counted in code points. */
  #mark(spans) {
    const characters = Array.from(this.#field?.value ?? "");
    const marked = new Set(spans.flatMap(({start, end}) => range(start, end)));
    const parts = [];
    let from = 0;
    for (let to = 1; to <= characters.length; to++) {
      if (to < characters.length && marked.has(to) === marked.has(from)) continue;
      const text = characters.slice(from, to).join("");
      parts.push(marked.has(from) ? element("mark", {textContent: text}) : text);
      from = to;
    }
    this.marks.replaceChildren(...parts, "\n");
    this.#place();
  }

  /** Puts the marks exactly behind the words of the text field. */
  #place() {
    const field = this.#field;
    if (!field) return;
    const styles = getComputedStyle(field);
    for (const name of COPIED.split(" ")) this.marks.style[name] = styles[name];
    const [outer, inner] = [this.marks.parentElement, field].map((e) => e.getBoundingClientRect());
    this.marks.style.left = `${inner.left - outer.left}px`;
    this.marks.style.top = `${inner.top - outer.top}px`;
    const edges = parseFloat(styles.borderLeftWidth) + parseFloat(styles.borderRightWidth);
    const bar = Math.round(field.offsetWidth - field.clientWidth - edges); // the scroll bar
    this.marks.style.width = `${inner.width - bar}px`;
    this.marks.style.height = `${field.offsetHeight}px`;
    this.marks.scrollTop = field.scrollTop;
  }

  #say(words) {
    if (this.status.textContent !== words) this.status.textContent = words;
  }
}

function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

/** Returns the index in a JavaScript string of the code point number `index`. */
function units(characters, index) {
  return characters.slice(0, index).join("").length;
}

function range(start, end) {
  return Array.from({length: end - start}, (_, index) => start + index);
}

customElements.define("house-rules-hints", HouseRulesHints);
