// Calls the method that the JSON on standard input names, and prints the result or error.
import {readFileSync} from "node:fs";

import {HouseRules, quoted} from "../../clients/house-rules.js";

const {url, key, tries, timeoutMs, call, args} = JSON.parse(readFileSync(0, "utf8"));
const rules = new HouseRules(url, {key, tries, timeoutMs});
try {
  const answer = call === "quoted" ? quoted(...args) : await rules[call](...args);
  console.log(JSON.stringify({answer}));
} catch (error) {
  console.log(JSON.stringify({name: error.name, problem: error.problem, answers: error.answers}));
}
