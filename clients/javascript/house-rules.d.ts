import type {
  Action,
  Appeal,
  Change,
  Comment,
  Decision,
  Erased,
  Guidelines,
  Health,
  Held,
  Hint,
  Models,
  Notice,
  Problem,
  Recorded,
  Span,
  Suggest,
} from "./types.js";

export type * from "./types.js";

/** There is no decision. Let a person read the comment. */
export class HouseRulesError extends Error {}

/** The service refused the request. `problem` says what is wrong, and in which field. */
export class RefusedError extends HouseRulesError {
  constructor(problem: Problem);
  problem: Problem;
}

/** The service did not answer in time, or the answer was not the service's. */
export class UnansweredError extends HouseRulesError {
  constructor(reason: string);
}

export interface Options {
  /** The API key. Leave it out in a browser, where it would be public. */
  key?: string;
  /** For one try. */
  timeoutMs?: number;
  /** For a call with all its tries. */
  deadlineMs?: number;
  /** How often a request is sent at most. */
  tries?: number;
}

/** What to show an author who is still writing. */
export interface Hints {
  action: Action;
  reasons: Hint[];
  changes: Change[];
  hints: Hint[];
}

type Filters = Record<string, string | number | undefined>;
interface Deadline {
  deadlineMs?: number;
}

/** A client for the service at `url`. */
export class HouseRules {
  constructor(url: string, options?: Options);
  moderate(comment: Comment | string, options?: Deadline): Promise<Decision>;
  /** An error has `answers`: those to the first comments. */
  moderateMany(
    comments: (Comment | string)[],
    options?: Deadline,
  ): Promise<(Decision | Problem)[]>;
  hints(text: string, options?: Deadline): Promise<Hints>;
  suggest(text: string, options?: Deadline): Promise<Suggest>;
  guidelines(): Promise<Guidelines>;
  models(): Promise<Models>;
  health(): Promise<Health>;
  decision(id: string): Promise<Recorded>;
  notice(id: string): Promise<Notice>;
  giveVerdict(
    id: string,
    verdict: {action: Action; who: string; reason?: string},
  ): Promise<Recorded>;
  appeal(id: string, appeal: {reason: string; who?: string}): Promise<Appeal>;
  acknowledgeAppeal(id: string, who: string): Promise<Recorded>;
  settleAppeal(
    id: string,
    outcome: {action: Action; who: string; reason: string},
  ): Promise<Recorded>;
  claim(id: string, who: string, minutes?: number): Promise<Recorded>;
  release(id: string, who: string): Promise<Recorded>;
  erase(whose: {comment_id?: string; author?: string; community?: string}): Promise<Erased>;
  hold(whose: {
    comment_id?: string;
    author?: string;
    community?: string;
    until?: string;
  }): Promise<Held>;
  queue(filters?: Filters): AsyncGenerator<Recorded, void>;
  changes(since: string, filters?: Filters): AsyncGenerator<Recorded, void>;
}

/** Returns the text of a span. */
export function quoted(text: string, span: Pick<Span, "start" | "end">): string;
