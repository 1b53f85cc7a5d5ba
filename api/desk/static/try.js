// Sends the form without reloading the page. The server renders the decision, so the page is the
// same with and without JavaScript.

const form = document.getElementById("try");
const text = document.getElementById("text");
const status = document.getElementById("status");
const button = form.querySelector("[type=submit]");

for (const element of document.querySelectorAll("[data-script]")) {
  element.hidden = false;
}

async function decided() {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  const type = answer.headers.get("Content-Type") ?? "";
  if (!type.startsWith("text/html")) {
    throw new Error(`the service answered ${answer.status}`);
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("result");
}

function failure(error) {
  const section = document.getElementById("result").cloneNode(false);
  const sentence = document.createElement("p");
  sentence.className = "mistake";
  sentence.setAttribute("role", "alert");
  sentence.textContent = `There is no decision: ${error.message}. Please try again in a moment.`;
  section.append(sentence);
  return section;
}

function show(section) {
  document.getElementById("result").replaceWith(section);
  const mistake = section.querySelector("#mistake");
  for (const field of [text, form.elements.article]) {
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
  if (mistake) {
    const field = form.elements[mistake.dataset.field];
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", mistake.id);
    field.focus();
  } else {
    section.querySelector("[data-focus]")?.focus();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.setAttribute("aria-disabled", "true");
  status.textContent = "Reading…";
  show(await decided().catch(failure));
  status.textContent = "";
  button.removeAttribute("aria-disabled");
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});

document.getElementById("examples").addEventListener("click", (event) => {
  const example = event.target.closest("[data-example]");
  if (example) {
    text.value = example.dataset.example;
    form.requestSubmit();
  }
});
