// The demo: a comment box with hints. Run `node server.mjs`, with the service at http://127.0.0.1:8000,
// or with HOUSE_RULES_URL and HOUSE_RULES_KEY in the environment. A publisher's site needs only the
// route for hints.
import {readFile} from "node:fs/promises";
import {createServer} from "node:http";

import {HouseRules} from "../house-rules.js";

const {HOUSE_RULES_URL = "http://127.0.0.1:8000", HOUSE_RULES_KEY, PORT = 8010} = process.env;
const rules = new HouseRules(HOUSE_RULES_URL, {key: HOUSE_RULES_KEY});
const FILES = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/demo.css": ["demo.css", "text/css"],
  "/hints.js": ["../hints.js", "text/javascript"],
};
const MOST_BYTES = 100_000;

const server = createServer(async (request, response) => {
  response.setHeader("Content-Security-Policy", "default-src 'self'; img-src 'self' data:");
  if (request.method === "POST" && request.url === "/hints") {
    try {
      const {text} = JSON.parse(await body(request));
      const hints = await rules.hints(text, {deadlineMs: 2000});
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(hints));
    } catch {
      response.writeHead(503).end(); // the page then shows no hints
    }
  } else if (request.url in FILES) {
    const [name, type] = FILES[request.url];
    response.setHeader("Content-Type", type).end(await readFile(new URL(name, import.meta.url)));
  } else {
    response.writeHead(404).end();
  }
});

async function body(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > MOST_BYTES) throw new RangeError("too long");
  }
  return text;
}

server.listen(PORT, "127.0.0.1", () => {
  console.log(`The demo is at http://127.0.0.1:${server.address().port}`);
});
