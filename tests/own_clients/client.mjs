// Does what its first argument says, in JSON, and prints what came of it.
import {HouseRules, quoted} from "../../clients/house-rules.js";

const {url, key, tries, call, args} = JSON.parse(process.argv[2]);
const rules = new HouseRules(url, {key, tries});
try {
  const answer = call === "quoted" ? quoted(...args) : await rules[call](...args);
  console.log(JSON.stringify({answer}));
} catch (error) {
  console.log(JSON.stringify({name: error.name, problem: error.problem}));
}
