// Uses the JavaScript client as TypeScript users do. The compiler checks it; nothing runs it.
import {HouseRules, RefusedError, quoted, type Decision} from "../../clients/javascript/house-rules.js";
import "../../clients/javascript/hints.js";

const rules = new HouseRules("https://moderation.example", {key: "hr-1-2", deadlineMs: 2000});

export async function words(text: string): Promise<string[]> {
  const decision: Decision = await rules.moderate({text, id: "c-1", format: "html"});
  return decision.reasons.flatMap((reason) => reason.spans.map((span) => quoted(text, span)));
}

export async function waiting(): Promise<string[]> {
  const ids: string[] = [];
  for await (const {id, standing} of rules.queue({limit: 10})) {
    if (standing === "review") ids.push(id);
  }
  return ids;
}

export async function wrong(text: string): Promise<string | undefined> {
  try {
    // @ts-expect-error: a comment has a text
    await rules.moderate({id: "c-1"});
    // @ts-expect-error: there is no such action
    await rules.giveVerdict("1", {action: "publish", who: "asha"});
  } catch (error) {
    if (error instanceof RefusedError) return error.problem.errors?.[0]?.pointer;
  }
  return undefined;
}

document.querySelector("house-rules-hints")?.addEventListener("house-rules-hints", ({detail}) => {
  detail.reasons.map(({message}) => message.toUpperCase());
});
