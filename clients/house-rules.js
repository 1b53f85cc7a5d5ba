/**
 * Ask a House rules service about comments. One file, for Node 18 or newer and for browsers that
 * reach the service through a site of your own: a key has no place in a page.
 *
 *     const rules = new HouseRules("https://moderation.example", {key: "hr-…"});
 *     const decision = await rules.moderate({text: "u r right", id: "c-17", author: "ravi"});
 *
 * A request that the service could not take now is sent again, a few times. What then still has no
 * answer throws `UnansweredError`: let a person read the comment, never publish it for that. A comment
 * that is sent again gets the decision it has already: by its `id`, or by one that this client makes
 * (`client:…`) where it has none.
 *
 * Spans count Unicode code points; `quoted(text, span)` cuts them out of a string.
 */

// <types> Written by `make docs` from the OpenAPI document; change it there.
/**
 * A comment and its context.
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
 * What a rule found, its guideline, and the action that follows.
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
 * @property {number} took_ms
 * @property {boolean} recorded
 * @property {string | null} [comment_id]
 * @property {number | null} [revision]
 */

/**
 * What is wrong with one field.
 * @typedef {object} Mistake
 * @property {string} pointer
 * @property {string} detail
 */

/**
 * An error (RFC 9457).
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
 * A correction: its place in the text as received, in Unicode code points, and the new text.
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
 * A rule in words, and its thresholds.
 * @typedef {object} Guideline
 * @property {string} rule
 * @property {string} guideline
 * @property {number | null} review
 * @property {number | null} reject
 * @property {boolean} shadow
 */

/**
 * The publication and its rules.
 * @typedef {object} Guidelines
 * @property {string} name
 * @property {string} guidelines_url
 * @property {number} max_bytes
 * @property {string} policy
 * @property {(Guideline)[]} rules
 */

/**
 * All verdicts and all steps of appeals, oldest first.
 * @typedef {object} History
 * @property {(Record<string, any>)[]} verdicts
 * @property {(Record<string, any>)[]} appeals
 */

/**
 * A decision as it is recorded, with its history.
 * @typedef {object} Recorded
 * @property {string} id
 * @property {"approve" | "review" | "reject"} action
 * @property {(Reason)[]} reasons
 * @property {(Reason)[]} observed
 * @property {Record<string, number>} scores
 * @property {Record<string, any>} language
 * @property {string} policy
 * @property {Record<string, string>} models
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
 * @property {"approve" | "review" | "reject"} standing
 * @property {Record<string, any>} thresholds
 * @property {number} doubt
 * @property {string | null} claimed_by
 * @property {string | null} claimed_until
 * @property {History} history
 */

/**
 * A page of the queue.
 * @typedef {object} Queue
 * @property {(Recorded)[]} decisions
 * @property {string | null} next
 */
// </types>

const AGAIN = new Set([429, 500, 502, 503, 504]); // statuses that may pass
const TOO_LARGE = 413;
const MOST_WAIT_MS = 30_000;
// Of `moderateMany`:
const MOST_COMMENTS = 1000; // in one request, as many as the service takes
const MOST_BYTES = 1_000_000; // of one request; the service takes 4 MiB unless it is set otherwise
const FIRST_COMMENTS = 10; // in the first request, which shows how long a comment takes
const GROWTH = 2; // a request holds at most so many times the comments of the one before
const SHARE = 0.2; // of the time-out, which a request should take

/** The service refused the request; `problem` says what is wrong, and in which field. */
export class RefusedError extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.name = "RefusedError";
    this.problem = problem;
  }
}

/** There is no answer: let a person read the comment. */
export class UnansweredError extends Error {
  /** @param {string} reason */
  constructor(reason) {
    super(reason);
    this.name = "UnansweredError";
  }
}

/** A try that failed and may be repeated; `wait` is when, in the service's own words. */
class AgainError extends Error {
  constructor(reason, wait = null) {
    super(reason);
    this.wait = wait;
  }
}

/** A service's address and key. `timeoutMs` is for one try, `tries` is how many there are. */
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
   * The decision about a comment, with every reason for it.
   * @param {Comment | string} comment
   * @returns {Promise<Decision>}
   */
  moderate(comment) {
    return this.#ask("POST", "/v1/moderate", identified(comment));
  }

  /**
   * For every comment its decision, or the problem with it, in their order.
   *
   * Sends them in requests that it cuts so that each takes about a fifth of `timeoutMs`. What fails
   * is sent again in smaller requests, with the same ids, after a pause in which the service can
   * finish what it has begun. When `deadlineMs` is over, or after `tries` failures with no answer
   * between them, it throws `UnansweredError`. Any error it throws has `answers`: what it had until
   * then, for the first comments.
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

  /** Put the answers to all comments, which are in JSON, into `answers`. */
  async #answer(waiting, answers, end) {
    let size = FIRST_COMMENTS;
    let mostBytes = MOST_BYTES;
    let failures = 0;
    while (answers.length < waiting.length) {
      const batch = cut(waiting.slice(answers.length, answers.length + size), mostBytes);
      const body = `{"comments": [${batch.join(",")}]}`;
      const began = performance.now();
      const left = Math.min(this.timeoutMs, end - began);
      if (left <= 0) throw new UnansweredError("the deadline is over");
      try {
        answers.push(...(await this.#try("POST", "/v1/moderate/batch", body, left)).decisions);
        failures = 0;
        const aim = (batch.length * SHARE * this.timeoutMs) / (performance.now() - began || 1);
        size = Math.max(1, Math.min(Math.floor(aim), GROWTH * size, MOST_COMMENTS));
      } catch (error) {
        if (error instanceof AgainError) {
          failures += 1;
          // As long as it took at least: the service may be at those comments still, and knows its
          // decisions about them only when it has recorded them.
          const ms = Math.max(pauseMs(failures - 1, error.wait), performance.now() - began);
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
   * The text with all safe corrections made.
   * @param {string} text
   * @returns {Promise<Suggest>}
   */
  suggest(text) {
    return this.#ask("POST", "/v1/suggest", {text});
  }

  /**
   * Say what a moderator decided.
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

  /** The answer to one request. Throws `RefusedError` or `AgainError`. */
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
 * The author's own words at a span.
 * @param {string} text
 * @param {{start: number, end: number}} span
 * @returns {string}
 */
export function quoted(text, span) {
  return Array.from(text).slice(span.start, span.end).join("");
}

/**
 * A comment with an id, so that it has one decision however often it is sent. One that is not
 * recorded needs none.
 */
function identified(comment) {
  const known = typeof comment === "string" ? {text: comment} : comment;
  if (known.id != null || known.dry_run) return known;
  return {...known, id: `client:${unique()}`};
}

/** A name that no other has; it is no secret. Node 18 and pages without TLS have no `randomUUID`. */
function unique() {
  const random = () => Math.random().toString(36).slice(2);
  return globalThis.crypto?.randomUUID?.() ?? `${random()}${random()}${random()}`;
}

/** As many of the first comments as fit, but one at least. */
function cut(comments, mostBytes) {
  let total = 0;
  const tooMany = comments.findIndex((comment) => (total += bytes(comment) + 1) > mostBytes);
  return tooMany < 0 ? comments : comments.slice(0, Math.max(1, tooMany));
}

function bytes(text) {
  return new TextEncoder().encode(text).length;
}

/** A proxy before the service does not speak its shape. */
async function asProblem(answer) {
  const problem = await answer.json().catch(() => null);
  if (typeof problem?.detail === "string") return problem;
  const said = answer.statusText || `status ${answer.status}`;
  return {type: "about:blank", title: said, status: answer.status, detail: said};
}

/** As long as the service says; else 0.2 s, 0.4 s, 0.8 s …, more or less. */
function pauseMs(number, told) {
  const ms = /^\d+$/.test(told ?? "")
    ? 1000 * Number(told)
    : 200 * 2 ** number * (0.75 + Math.random() / 2);
  return Math.min(ms, MOST_WAIT_MS);
}

function sleep(ms) {
  return new Promise((done) => setTimeout(done, ms));
}
