// The API's requests and answers. `make docs` writes them from the API's document.

export type Action = "approve" | "review" | "reject";

/** A comment to decide about, and its context. */
export interface Comment {
  text: string;
  id?: string | null;
  author?: string | null;
  article?: string | null;
  parent?: string | null;
  format?: "plain" | "html";
  dry_run?: boolean;
  do_not_store?: boolean;
}

/** A part of the text as received, in Unicode code points. `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
  text: string | null;
}

/** What a rule found in a comment, the rule's guideline, and the action that follows. */
export interface Reason {
  rule: string;
  guideline: string;
  score: number;
  message: string;
  spans: Span[];
  suggestion: string | null;
  action: Action;
}

/** The action for a comment, and the reasons for it. */
export interface Decision {
  id: string;
  action: Action;
  reasons: Reason[];
  observed: Reason[];
  scores: Record<string, number>;
  language: Record<string, unknown>;
  policy: string;
  models: Record<string, string>;
  plugins?: Record<string, string> | null;
  took_ms: number;
  recorded: boolean;
  comment_id?: string | null;
  revision?: number | null;
}

/** A field of the request that is wrong, and why. */
export interface Mistake {
  pointer: string;
  detail: string;
}

/** An error response (RFC 9457). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: Mistake[];
}

/** A decision or a problem for each comment, in the order of the request. */
export interface Batch {
  decisions: (Decision | Problem)[];
}

/** A correction. `start` and `end` of the replaced part count Unicode code points. */
export interface Change {
  start: number;
  end: number;
  text: string;
  instead: string;
}

/** A finding for the author to mend before posting. It may not be held. */
export interface Hint {
  rule: string;
  message: string;
  spans: Span[];
}

/** The comment with all safe corrections, for a 'did you mean' button. */
export interface Suggest {
  text: string;
  changes: Change[];
  hints: Hint[];
}

/** A house rule: its guideline in words, and its thresholds. */
export interface Guideline {
  rule: string;
  guideline: string;
  review: number | null;
  reject: number | null;
  shadow: boolean;
  plugin?: string | null;
}

/** The newspaper and its house rules. */
export interface Guidelines {
  name: string;
  guidelines_url: string;
  max_bytes: number;
  policy: string;
  rules: Guideline[];
}

/** A model in use, as its card describes it. */
export interface Model {
  name: string;
  version: string;
  purpose?: string | null;
  heads?: string[];
  licence?: string | null;
  made?: string | null;
  data?: string[];
  limits?: string | null;
}

/** All models in use. */
export interface Models {
  models: Model[];
}

/** The state of the service. */
export interface Health {
  status: string;
  waiting?: number | null;
  refused?: string[] | null;
  in_shadow?: Record<string, string> | null;
}

/** All verdicts on a decision and all steps of appeals against it, oldest first. */
export interface History {
  verdicts: (Record<string, unknown>)[];
  appeals: (Record<string, unknown>)[];
}

/** A recorded decision, with its history and its place in the moderators' queue. */
export interface Recorded {
  id: string;
  action: Action;
  reasons: Reason[];
  observed: Reason[];
  scores: Record<string, number>;
  language: Record<string, unknown>;
  policy: string;
  models: Record<string, string>;
  plugins?: Record<string, string> | null;
  took_ms: number;
  recorded: boolean;
  comment_id: string | null;
  revision: number;
  text: string | null;
  author: string | null;
  article: string | null;
  parent: string | null;
  route: string;
  decided_at: string;
  changed_at: string;
  standing: Action;
  thresholds: Record<string, unknown>;
  doubt: number;
  claimed_by: string | null;
  claimed_until: string | null;
  erase_due_at: string | null;
  history: History;
}

/** A page of the moderators' queue. */
export interface Queue {
  decisions: Recorded[];
  next: string | null;
}

/** A page of decisions in the order of their last change. */
export interface Changes {
  decisions: Recorded[];
  next: string | null;
}

/** A notice that explains a decision to the author of the comment. */
export interface Notice {
  decision: string;
  action: Action;
  text: string;
  reasons: (Record<string, unknown>)[];
  guidelines_url: string;
  contact: string;
  decided_by: "moderator" | "automatic";
  statement_of_reasons: Record<string, unknown> | null;
}

/** An appeal that was received, and when it is due. It says nothing else about the decision. */
export interface Appeal {
  decision: string;
  id: string;
  step: string;
  at: string;
  acknowledge_by: string;
  decide_by: string;
}

/** The number of decisions whose personal data were erased, and of those that are held. */
export interface Erased {
  erased: number;
  held: number;
  held_until: string | null;
}

/** The number of decisions that are held from now on, or whose hold has ended. */
export interface Held {
  held: number;
  released: number;
}
