/**
 * A client for the House rules API, for Node 18 or newer. It also runs in browsers that reach the
 * service through your own site: do not put a key into a page.
 *
 *     const rules = new HouseRules("https://moderation.example", {key: "hr-…"});
 *     const decision = await rules.moderate({text: "u r right", id: "c-17", author: "ravi"});
 *
 * The client retries a request a few times if the service cannot take it now. If there is still no
 * answer, it throws `UnansweredError`: let a person read the comment, and do not publish it. A retried
 * comment keeps its decision, because the service recognises its `id`. The client gives comments
 * without an id one of its own (`client:…`).
 *
 * Spans count Unicode code points. `quoted(text, span)` returns the text of a span.
 *
 * `house-rules.d.ts` declares the types.
 */

const AGAIN = new Set([429, 500, 502, 503, 504]); // statuses to retry
const UNDONE = new Set([429, 503]); // of these, those after which the service has done nothing
const UNREACHED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);
const TOO_LARGE = 413;
const ACTIONS = ["approve", "review", "reject"];
const MOST_WAIT_MS = 30_000;
// For `moderateMany`:
const MOST_COMMENTS = 1000; // in one request: the service's limit
const MOST_BYTES = 1_000_000; // of one request; the service's default limit is 4 MiB
const FIRST_COMMENTS = 10; // in the first request, which measures the time per comment
const GROWTH = 2; // the most that a request may grow compared to the one before
const SHARE = 0.2; // the share of the timeout that a request should take

/** There is no decision. Let a person read the comment. */
export class HouseRulesError extends Error {}

/** The service refused the request. `problem` says what is wrong, and in which field. */
export class RefusedError extends HouseRulesError {
  constructor(problem) {
    super(problem.detail);
    this.name = "RefusedError";
    this.problem = problem;
  }
}

/** The service did not answer in time, or the answer was not the service's. */
export class UnansweredError extends HouseRulesError {
  constructor(reason) {
    super(reason);
    this.name = "UnansweredError";
  }
}

/** A try failed and may be repeated. `wait` is the Retry-After header. */
class AgainError extends Error {
  constructor(reason, wait = null) {
    super(reason);
    this.wait = wait;
  }
}

/**
 * A client for the service at `url`. `timeoutMs` is for one try, and `deadlineMs` for a call with all
 * its tries. A request is sent at most `tries` times.
 */
export class HouseRules {
  constructor(url, {key, timeoutMs = 5000, deadlineMs = 15_000, tries = 4} = {}) {
    if (!/^https?:\/\//.test(url)) throw new TypeError("url: must begin with http:// or https://");
    this.url = url.replace(/\/+$/, "");
    this.timeoutMs = timeoutMs;
    this.deadlineMs = deadlineMs;
    this.tries = tries;
    this.headers = key ? {Authorization: `Bearer ${key}`} : {};
  }

  /** Returns the decision about a comment, with every reason for it. */
  moderate(comment, {deadlineMs} = {}) {
    const call = {method: "POST", path: "/v1/moderate", body: identified(comment), is: isDecision};
    return this.#ask(call, deadlineMs);
  }

  /**
   * Returns what to show an author who is still writing: the reasons against the text, and the safe
   * corrections. Records nothing. `<house-rules-hints>` shows this.
   */
  async hints(text, {deadlineMs} = {}) {
    const [decision, suggest] = await Promise.all([
      this.moderate({text, dry_run: true}, {deadlineMs}),
      this.suggest(text, {deadlineMs}),
    ]);
    const reasons = decision.reasons.map(({rule, message, spans}) => ({rule, message, spans}));
    return {action: decision.action, reasons, changes: suggest.changes, hints: suggest.hints};
  }

  /**
   * Returns for every comment its decision, or the problem with it, in order.
   *
   * Sends requests that take about a fifth of `timeoutMs` each. A failed request is retried in
   * smaller requests, with the same ids, after a pause in which the service can finish its work.
   * After `deadlineMs`, or after `tries` failures in a row, it throws `UnansweredError`. Every error
   * has `answers`: those to the first comments, until the error.
   */
  async moderateMany(comments, {deadlineMs = Infinity} = {}) {
    const answers = [];
    try {
      const waiting = comments.map((comment) => JSON.stringify(identified(comment)));
      await this.#answer(waiting, answers, performance.now() + deadlineMs);
    } catch (error) {
      throw Object.assign(error, {answers});
    }
    return answers;
  }

  /** Appends the answers to the `waiting` comments, which are JSON, to `answers`. */
  async #answer(waiting, answers, end) {
    let size = FIRST_COMMENTS;
    let mostBytes = MOST_BYTES;
    let failures = 0;
    while (answers.length < waiting.length) {
      const batch = cut(waiting.slice(answers.length, answers.length + size), mostBytes);
      const body = `{"comments": [${batch.join(",")}]}`;
      const start = performance.now();
      const remaining = Math.min(this.timeoutMs, end - start);
      if (remaining <= 0) throw new UnansweredError("the deadline is over");
      try {
        const call = {method: "POST", path: "/v1/moderate/batch", body, is: isBatchOf(batch.length)};
        answers.push(...(await this.#try(call, remaining)).decisions);
        failures = 0;
        const aim = (batch.length * SHARE * this.timeoutMs) / (performance.now() - start || 1);
        size = Math.max(1, Math.min(Math.floor(aim), GROWTH * size, MOST_COMMENTS));
      } catch (error) {
        if (error instanceof AgainError) {
          failures += 1;
          // Wait at least as long as the try took: the service may still decide those comments, and
          // recognises them only once it has recorded its decisions.
          const ms = Math.max(pauseMs(failures - 1, error.wait), performance.now() - start);
          if (failures >= this.tries || performance.now() + ms >= end) {
            throw new UnansweredError(error.message);
          }
          size = Math.max(1, Math.floor(batch.length / 2));
          await sleep(ms);
        } else if (error.problem?.status === TOO_LARGE && batch.length > 1) {
          mostBytes = bytes(body) / 2;
        } else {
          throw error;
        }
      }
    }
  }

  /** Returns the text with all safe corrections made. */
  suggest(text, {deadlineMs} = {}) {
    const call = {method: "POST", path: "/v1/suggest", body: {text}, is: has("changes")};
    return this.#ask(call, deadlineMs);
  }

  /** Returns the house rules in words. */
  guidelines() {
    return this.#get("/v1/guidelines", has("rules"));
  }

  /** Returns the models in use. */
  models() {
    return this.#get("/v1/models", has("models"));
  }

  /** Returns the state of the service. Throws `UnansweredError` if it is not ready. */
  health() {
    return this.#get("/readyz", has("status"));
  }

  /** Returns a decision with its verdicts and appeals. */
  decision(id) {
    return this.#get(at(id), isRecorded);
  }

  /** Returns the notice that explains a decision to the comment's author. */
  notice(id) {
    return this.#get(at(id, "/notice"), has("reasons"));
  }

  /** Records a moderator's verdict. Returns the decision with its history. */
  giveVerdict(id, verdict) {
    return this.#write(at(id, "/verdict"), verdict);
  }

  /** Records an author's appeal. */
  appeal(id, appeal) {
    return this.#write(at(id, "/appeal"), appeal, has("decision"));
  }

  /** Records that a moderator has confirmed to the author that the appeal arrived. */
  acknowledgeAppeal(id, who) {
    return this.#write(at(id, "/appeal/acknowledgement"), {who});
  }

  /** Records a moderator's decision about an appeal. */
  settleAppeal(id, outcome) {
    return this.#write(at(id, "/appeal/outcome"), outcome);
  }

  /** Reserves a comment for a moderator, for ten minutes by default. */
  claim(id, who, minutes) {
    return this.#ask({method: "POST", path: at(id, "/claim"), body: {who, minutes}, is: isRecorded});
  }

  /** Gives a reserved comment back to the queue. */
  release(id, who) {
    return this.#ask({method: "DELETE", path: `${at(id, "/claim")}?${query({who})}`, is: isRecorded});
  }

  /** Erases the personal data of a comment or an author. */
  erase(whose) {
    return this.#ask({method: "POST", path: "/v1/erase", body: whose, is: has("erased")});
  }

  /** Keeps a comment or an author's comments `until` a time, even if somebody asks to erase them. */
  hold(whose) {
    return this.#ask({method: "POST", path: "/v1/hold", body: whose, is: has("held")});
  }

  /** Yields the decisions that wait for a person. `filters` are the API's (`who`, `rule` …). */
  async *queue(filters = {}) {
    let cursor;
    do {
      const page = await this.#get(`/v1/queue?${query({...filters, cursor})}`, has("decisions"));
      yield* page.decisions;
      cursor = page.next;
    } while (cursor);
  }

  /** Yields the decisions that changed at `since` or later, in order. The time has a zone. */
  async *changes(since, filters = {}) {
    let start = {changed_since: since};
    for (;;) {
      const page = await this.#get(`/v1/decisions?${query({...filters, ...start})}`, has("decisions"));
      yield* page.decisions;
      if (!page.next || !page.decisions.length) return;
      start = {cursor: page.next};
    }
  }

  #get(path, is) {
    return this.#ask({method: "GET", path, is});
  }

  /** A request that must not be carried out twice. */
  #write(path, body, is = isRecorded) {
    return this.#ask({method: "POST", path, body, is, once: true});
  }

  async #ask(call, deadlineMs = this.deadlineMs) {
    const end = performance.now() + deadlineMs;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    let reason = "the deadline is over";
    for (let number = 0; number < this.tries; number++) {
      const remaining = end - performance.now();
      if (remaining <= 0) break;
      let wait;
      try {
        return await this.#try({...call, body}, Math.min(this.timeoutMs, remaining));
      } catch (error) {
        if (!(error instanceof AgainError)) throw error;
        reason = error.message;
        wait = error.wait;
      }
      const ms = pauseMs(number, wait);
      if (number === this.tries - 1 || performance.now() + ms >= end) break;
      await sleep(ms);
    }
    throw new UnansweredError(reason);
  }

  /**
   * Sends one request and returns its answer. Throws `AgainError` if the request may be repeated.
   * `is` says whether an answer is the service's. Without `once` the request may be carried out twice.
   */
  async #try({method, path, body, is, once}, timeoutMs) {
    const failed = (reason, done, wait) =>
      done && once
        ? new UnansweredError(`${reason}; the request may have been carried out`)
        : new AgainError(reason, wait);
    let answer, content;
    try {
      answer = await fetch(this.url + path, {
        method,
        headers: {...this.headers, ...(body && {"Content-Type": "application/json"})},
        body,
        redirect: "manual", // another host must not see the key
        signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
      });
      content = await answer.text();
    } catch (error) {
      // Not reached, broken off, or too late. Node says whether there was a connection at all.
      throw failed(String(error), !UNREACHED.has(error.cause?.code));
    }
    if (answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400)) {
      const place = answer.headers.get("Location") ?? "another address";
      throw new UnansweredError(`the service redirects to ${place}; set that address instead`);
    }
    const json = parsed(content);
    if (!answer.ok) {
      const problem = asProblem(answer, json);
      if (!AGAIN.has(answer.status)) throw new RefusedError(problem);
      throw failed(problem.detail, !UNDONE.has(answer.status), answer.headers.get("Retry-After"));
    }
    if (!is(json)) throw failed(`the answer to ${path} is not the service's`, true);
    return json;
  }
}

const at = (id, rest = "") => `/v1/decisions/${encodeURIComponent(id)}${rest}`;

/** Returns a query string without the fields that are undefined. */
function query(fields) {
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value != null));
}

const has = (name) => (json) => typeof json === "object" && json !== null && name in json;
const isDecision = (json) => has("action")(json) && ACTIONS.includes(json.action);
const isRecorded = (json) => isDecision(json) && ACTIONS.includes(json.standing);

/** Returns whether JSON has an answer to each of `count` comments. */
const isBatchOf = (count) => (json) =>
  has("decisions")(json) &&
  json.decisions.length === count &&
  json.decisions.every((item) => has("status")(item) || isDecision(item));

function parsed(content) {
  try {
    return JSON.parse(content);
  } catch {
    return null;
  }
}

/**
 * Returns the text of a span.
 */
export function quoted(text, span) {
  return Array.from(text).slice(span.start, span.end).join("");
}

/**
 * Returns a comment with an id, so that retries get the same decision. A comment with `dry_run`
 * needs no id.
 */
function identified(comment) {
  const fields = typeof comment === "string" ? {text: comment} : comment;
  if (fields.id != null || fields.dry_run) return fields;
  return {...fields, id: `client:${unique()}`};
}

/** Returns a unique id, which is no secret. Node 18 and pages without TLS have no `randomUUID`. */
function unique() {
  const random = () => Math.random().toString(36).slice(2);
  return globalThis.crypto?.randomUUID?.() ?? `${random()}${random()}${random()}`;
}

/** Returns as many of the first comments as fit into `mostBytes`, but at least one. */
function cut(comments, mostBytes) {
  let total = 0;
  const tooMany = comments.findIndex((comment) => (total += bytes(comment) + 1) > mostBytes);
  return tooMany < 0 ? comments : comments.slice(0, Math.max(1, tooMany));
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/** Returns the service's problem, or makes one from a proxy's error, which has another format. */
function asProblem(answer, json) {
  if (typeof json?.detail === "string") return json;
  const reason = answer.statusText || `status ${answer.status}`;
  return {type: "about:blank", title: reason, status: answer.status, detail: reason};
}

/** Returns how long to wait: `retryAfter` seconds, or 200, 400, 800 ms … with jitter. */
function pauseMs(number, retryAfter) {
  const ms = /^\d+$/.test(retryAfter ?? "")
    ? 1000 * Number(retryAfter)
    : 200 * 2 ** number * (0.75 + Math.random() / 2);
  return Math.min(ms, MOST_WAIT_MS);
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
