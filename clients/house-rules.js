/**
 * Ask a House rules service about comments. One file, for Node 18 or newer and for browsers that
 * reach the service through a site of your own: a key has no place in a page.
 *
 *     const rules = new HouseRules("https://moderation.example", {key: "hr-…"});
 *     const decision = await rules.moderate({text: "u r right", id: "c-17", author: "ravi"});
 *
 * A request that the service could not take now is sent again, a few times. What then still has no
 * answer throws `UnansweredError`: let a person read the comment, never publish it for that.
 *
 * Spans count Unicode code points; `quoted(text, span)` cuts them out of a string.
 */

// <types> Written by `make docs` from the OpenAPI document; change it there.
/**
 * A comment and what is known around it.
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
 * A stretch of the text as received, in Unicode code points; `end` is exclusive.
 * @typedef {object} Span
 * @property {number} start
 * @property {number} end
 * @property {string | null} text
 */

/**
 * What a rule found, its guideline, and what followed from it.
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
 * What is to be done with a comment, and every reason for it.
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
 * For every comment its decision, or the problem with it, in the order asked.
 * @typedef {object} Batch
 * @property {(Decision | Problem)[]} decisions
 */

/**
 * One correction: where in the text as received, in code points, and what stands there now.
 * @typedef {object} Change
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {string} instead
 */

/**
 * The comment with all safe corrections made, for a 'did you mean' button.
 * @typedef {object} Suggest
 * @property {string} text
 * @property {(Change)[]} changes
 */

/**
 * A rule in words, and from which scores on it acts.
 * @typedef {object} Guideline
 * @property {string} rule
 * @property {string} guideline
 * @property {number | null} review
 * @property {number | null} reject
 * @property {boolean} shadow
 */

/**
 * The house and its rules.
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
 * A decision with what the record adds.
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
const MOST_WAIT_MS = 30_000;

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
  /** @param {string} said */
  constructor(said) {
    super(said);
    this.name = "UnansweredError";
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
    return this.#ask("POST", "/v1/moderate", asComment(comment));
  }

  /**
   * For each of up to 1,000 comments its decision, or the problem with it, in their order.
   * @param {(Comment | string)[]} comments
   * @returns {Promise<(Decision | Problem)[]>}
   */
  async moderateMany(comments) {
    const body = {comments: comments.map(asComment)};
    return (await this.#ask("POST", "/v1/moderate/batch", body)).decisions;
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
    let said = "";
    for (let number = 0; number < this.tries; number++) {
      let wait = null;
      try {
        const answer = await fetch(this.url + path, {
          method,
          headers: {...this.headers, "Content-Type": "application/json"},
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(this.timeoutMs),
        });
        if (answer.ok) return await answer.json();
        const problem = await asProblem(answer);
        if (!AGAIN.has(answer.status)) throw new RefusedError(problem);
        said = problem.detail;
        wait = answer.headers.get("Retry-After");
      } catch (error) {
        if (error instanceof RefusedError) throw error;
        said = String(error); // not reached, broken off, or too late
      }
      if (number < this.tries - 1) await pause(number, wait);
    }
    throw new UnansweredError(said);
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

function asComment(comment) {
  return typeof comment === "string" ? {text: comment} : comment;
}

/** A proxy before the service does not speak its shape. */
async function asProblem(answer) {
  const problem = await answer.json().catch(() => null);
  if (typeof problem?.detail === "string") return problem;
  const said = answer.statusText || `status ${answer.status}`;
  return {type: "about:blank", title: said, status: answer.status, detail: said};
}

/** As long as the service says; else 0.2 s, 0.4 s, 0.8 s …, more or less. */
function pause(number, told) {
  const ms = /^\d+$/.test(told ?? "")
    ? 1000 * Number(told)
    : 200 * 2 ** number * (0.75 + Math.random() / 2);
  return new Promise((done) => setTimeout(done, Math.min(ms, MOST_WAIT_MS)));
}
