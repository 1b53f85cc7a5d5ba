/**
 * A client for the House rules API. One file for Node 18 or newer. It also runs in browsers that
 * reach the service through your own site: do not put a key into a page.
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
 */

// <types> Written by `make docs` from the OpenAPI document; change it there.
/**
 * A comment to decide about, and its context.
 * @typedef {object} Comment
 * @property {string} text
 * @property {string | null} [id]
 * @property {string | null} [author]
 * @property {string | null} [article]
 * @property {string | null} [parent]
 * @property {"plain" | "html"} [format]
 * @property {boolean} [dry_run]
 * @property {boolean} [do_not_store]
 */

/**
 * A part of the text as received, in Unicode code points. `end` is exclusive.
 * @typedef {object} Span
 * @property {number} start
 * @property {number} end
 * @property {string | null} text
 */

/**
 * What a rule found in a comment, the rule's guideline, and the action that follows.
 * @typedef {object} Reason
 * @property {string} rule
 * @property {string} guideline
 * @property {number} score
 * @property {string} message
 * @property {(Span)[]} spans
 * @property {string | null} suggestion
 * @property {"approve" | "review" | "reject"} action
 */

/**
 * The action for a comment, and the reasons for it.
 * @typedef {object} Decision
 * @property {string} id
 * @property {"approve" | "review" | "reject"} action
 * @property {(Reason)[]} reasons
 * @property {(Reason)[]} observed
 * @property {Record<string, number>} scores
 * @property {Record<string, any>} language
 * @property {string} policy
 * @property {Record<string, string>} models
 * @property {Record<string, string> | null} [plugins]
 * @property {number} took_ms
 * @property {boolean} recorded
 * @property {string | null} [comment_id]
 * @property {number | null} [revision]
 */

/**
 * A field of the request that is wrong, and why.
 * @typedef {object} Mistake
 * @property {string} pointer
 * @property {string} detail
 */

/**
 * An error response (RFC 9457).
 * @typedef {object} Problem
 * @property {string} type
 * @property {string} title
 * @property {number} status
 * @property {string} detail
 * @property {(Mistake)[]} [errors]
 */

/**
 * A decision or a problem for each comment, in the order of the request.
 * @typedef {object} Batch
 * @property {(Decision | Problem)[]} decisions
 */

/**
 * A correction. `start` and `end` of the replaced part count Unicode code points.
 * @typedef {object} Change
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {string} instead
 */

/**
 * A finding for the author to mend before posting. It may not be held.
 * @typedef {object} Hint
 * @property {string} rule
 * @property {string} message
 * @property {(Span)[]} spans
 */

/**
 * The comment with all safe corrections, for a 'did you mean' button.
 * @typedef {object} Suggest
 * @property {string} text
 * @property {(Change)[]} changes
 * @property {(Hint)[]} hints
 */

/**
 * A house rule: its guideline in words, and its thresholds.
 * @typedef {object} Guideline
 * @property {string} rule
 * @property {string} guideline
 * @property {number | null} review
 * @property {number | null} reject
 * @property {boolean} shadow
 * @property {string | null} [plugin]
 */

/**
 * The newspaper and its house rules.
 * @typedef {object} Guidelines
 * @property {string} name
 * @property {string} guidelines_url
 * @property {number} max_bytes
 * @property {string} policy
 * @property {(Guideline)[]} rules
 */

/**
 * A model in use, as its card describes it.
 * @typedef {object} Model
 * @property {string} name
 * @property {string} version
 * @property {string | null} [purpose]
 * @property {(string)[]} [heads]
 * @property {string | null} [licence]
 * @property {string | null} [made]
 * @property {(string)[]} [data]
 * @property {string | null} [limits]
 */

/**
 * All models in use.
 * @typedef {object} Models
 * @property {(Model)[]} models
 */

/**
 * The state of the service.
 * @typedef {object} Health
 * @property {string} status
 * @property {number | null} [waiting]
 * @property {(string)[] | null} [refused]
 * @property {Record<string, string> | null} [in_shadow]
 */

/**
 * All verdicts on a decision and all steps of appeals against it, oldest first.
 * @typedef {object} History
 * @property {(Record<string, any>)[]} verdicts
 * @property {(Record<string, any>)[]} appeals
 */

/**
 * A recorded decision, with its history and its place in the moderators' queue.
 * @typedef {object} Recorded
 * @property {string} id
 * @property {"approve" | "review" | "reject"} action
 * @property {(Reason)[]} reasons
 * @property {(Reason)[]} observed
 * @property {Record<string, number>} scores
 * @property {Record<string, any>} language
 * @property {string} policy
 * @property {Record<string, string>} models
 * @property {Record<string, string> | null} [plugins]
 * @property {number} took_ms
 * @property {boolean} recorded
 * @property {string | null} comment_id
 * @property {number} revision
 * @property {string | null} text
 * @property {string | null} author
 * @property {string | null} article
 * @property {string | null} parent
 * @property {string} route
 * @property {string} decided_at
 * @property {string} changed_at
 * @property {"approve" | "review" | "reject"} standing
 * @property {Record<string, any>} thresholds
 * @property {number} doubt
 * @property {string | null} claimed_by
 * @property {string | null} claimed_until
 * @property {string | null} erase_due_at
 * @property {History} history
 */

/**
 * A page of the moderators' queue.
 * @typedef {object} Queue
 * @property {(Recorded)[]} decisions
 * @property {string | null} next
 */

/**
 * A page of decisions in the order of their last change.
 * @typedef {object} Changes
 * @property {(Recorded)[]} decisions
 * @property {string | null} next
 */

/**
 * A notice that explains a decision to the author of the comment.
 * @typedef {object} Notice
 * @property {string} decision
 * @property {"approve" | "review" | "reject"} action
 * @property {string} text
 * @property {(Record<string, any>)[]} reasons
 * @property {string} guidelines_url
 * @property {string} contact
 * @property {"moderator" | "automatic"} decided_by
 * @property {Record<string, any> | null} statement_of_reasons
 */

/**
 * An appeal that was received, and when it is due. It says nothing else about the decision.
 * @typedef {object} Appeal
 * @property {string} decision
 * @property {string} id
 * @property {string} step
 * @property {string} at
 * @property {string} acknowledge_by
 * @property {string} decide_by
 */

/**
 * The number of decisions whose personal data were erased, and of those that are held.
 * @typedef {object} Erased
 * @property {number} erased
 * @property {number} held
 * @property {string | null} held_until
 */
// </types>

const AGAIN = new Set([429, 500, 502, 503, 504]); // statuses to retry
const TOO_LARGE = 413;
const MOST_WAIT_MS = 30_000;
// For `moderateMany`:
const MOST_COMMENTS = 1000; // in one request: the service's limit
const MOST_BYTES = 1_000_000; // of one request; the service's default limit is 4 MiB
const FIRST_COMMENTS = 10; // in the first request, which measures the time per comment
const GROWTH = 2; // the most that a request may grow compared to the one before
const SHARE = 0.2; // the share of the timeout that a request should take

/** The service refused the request. `problem` says what is wrong, and in which field. */
export class RefusedError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.name = "RefusedError";
    this.problem = problem;
  }
}

/** The service did not answer. Let a person read the comment. */
export class UnansweredError extends Error {
  /** @param {string} reason */
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

/** A client for the service at `url`. `timeoutMs` is for one try. A request is sent at most `tries` times. */
export class HouseRules {
  /**
   * @param {string} url
   * @param {{key?: string, timeoutMs?: number, tries?: number}} [options]
   */
  constructor(url, {key, timeoutMs = 5000, tries = 4} = {}) {
    this.url = url.replace(/\/+$/, "");
    this.timeoutMs = timeoutMs;
    this.tries = tries;
    this.headers = key ? {Authorization: `Bearer ${key}`} : {};
  }

  /**
   * Returns the decision about a comment, with every reason for it.
   * @param {Comment | string} comment
   * @returns {Promise<Decision>}
   */
  moderate(comment) {
    return this.#ask("POST", "/v1/moderate", identified(comment));
  }

  /**
   * Returns for every comment its decision, or the problem with it, in order.
   *
   * Sends requests that take about a fifth of `timeoutMs` each. A failed request is retried in
   * smaller requests, with the same ids, after a pause in which the service can finish its work.
   * After `deadlineMs`, or after `tries` failures in a row, it throws `UnansweredError`. Every error
   * has `answers`: those to the first comments, until the error.
   * @param {(Comment | string)[]} comments
   * @param {{deadlineMs?: number}} [options]
   * @returns {Promise<(Decision | Problem)[]>}
   */
  async moderateMany(comments, {deadlineMs = Infinity} = {}) {
    /** @type {(Decision | Problem)[]} */
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
        answers.push(...(await this.#try("POST", "/v1/moderate/batch", body, remaining)).decisions);
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

  /**
   * Returns the text with all safe corrections made.
   * @param {string} text
   * @returns {Promise<Suggest>}
   */
  suggest(text) {
    return this.#ask("POST", "/v1/suggest", {text});
  }

  /**
   * Records a moderator's verdict. Returns the decision with its history.
   * @param {string} id
   * @param {{action: Decision["action"], who: string, reason?: string}} verdict
   * @returns {Promise<Recorded>}
   */
  giveVerdict(id, verdict) {
    return this.#ask("POST", `/v1/decisions/${encodeURIComponent(id)}/verdict`, verdict);
  }

  async #ask(method, path, body) {
    const data = JSON.stringify(body);
    let reason = "";
    for (let number = 0; number < this.tries; number++) {
      try {
        return await this.#try(method, path, data, this.timeoutMs);
      } catch (error) {
        if (!(error instanceof AgainError)) throw error;
        reason = error.message;
        if (number < this.tries - 1) await sleep(pauseMs(number, error.wait));
      }
    }
    throw new UnansweredError(reason);
  }

  /** Sends one request and returns its answer. Throws `RefusedError` or `AgainError`. */
  async #try(method, path, body, timeoutMs) {
    try {
      const answer = await fetch(this.url + path, {
        method,
        headers: {...this.headers, "Content-Type": "application/json"},
        body,
        signal: AbortSignal.timeout(Math.ceil(timeoutMs)),
      });
      if (answer.ok) return await answer.json();
      const problem = await asProblem(answer);
      if (!AGAIN.has(answer.status)) throw new RefusedError(problem);
      throw new AgainError(problem.detail, answer.headers.get("Retry-After"));
    } catch (error) {
      if (error instanceof RefusedError || error instanceof AgainError) throw error;
      throw new AgainError(String(error)); // not reached, broken off, or too late
    }
  }
}

/**
 * Returns the text of a span.
 * @param {string} text
 * @param {{start: number, end: number}} span
 * @returns {string}
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
async function asProblem(answer) {
  const problem = await answer.json().catch(() => null);
  if (typeof problem?.detail === "string") return problem;
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
