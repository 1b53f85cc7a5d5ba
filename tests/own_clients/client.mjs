// Calls the method that the JSON on standard input names, and prints the result or error.
import {readFileSync} from "node:fs";

import {HouseRules, quoted} from "../../clients/javascript/house-rules.js";

const {url, key, tries, timeoutMs, deadlineMs, call, args} = JSON.parse(readFileSync(0, "utf8"));
try {
  const rules = new HouseRules(url, {key, tries, timeoutMs, deadlineMs});
  let answer = call === "quoted" ? quoted(...args) : rules[call](...args);
  answer = Symbol.asyncIterator in Object(answer) ? await collected(answer) : await answer;
  console.log(JSON.stringify({answer}));
} catch (error) {
  const {name, message, problem, answers} = error;
  console.log(JSON.stringify({name, message, problem, answers}));
}

async function collected(items) {
  const all = [];
  for await (const item of items) all.push(item);
  return all;
}
