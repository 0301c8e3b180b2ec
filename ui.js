// What Python cannot do from the server: turn a click on a reference into an event, bring the
// opened passage into view, move the focus there and back, copy, and remember the language.
// Gradio runs this once, as the body of a function with `trigger`, `watch` and `props`, when the
// hidden bridge (an empty gr.HTML) appears. Python answers by setting the bridge's value.

const LANGUAGES = ["nl", "de", "en"];
const EVENTS = {
  "#cite-": "open_source",
  "#doc-": "open_source",
  "#copy-": "copy_answer",
  "#other-": "switch_answer",
};
const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const find = (selector) => document.querySelector(selector);
const links = (href) => [...document.querySelectorAll(`#chat a[href="${CSS.escape(href)}"]`)];

let words = {}; // what the page says in the chosen language, where Gradio's parts lack words
let serial = 0; // counts the events, so that the same passage can be opened twice in a row
let cameFrom = null; // which link opened the source: for the way back
let asked = 0; // how many questions the conversation holds
let reported = null; // the last report of a build

function show(target, block) {
  target.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}

// References are links, so that Tab, Enter and a screen reader know them.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('.gradio-container a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  const href = link.getAttribute("href");
  if (href === "#back") return goBack();
  const kind = Object.keys(EVENTS).find((start) => href.startsWith(start));
  if (!kind) return;
  if (EVENTS[kind] === "open_source" && link.closest("#chat")) {
    cameFrom = { href, nth: links(href).indexOf(link) };
  }
  serial += 1;
  trigger(EVENTS[kind], { href, serial });
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.closest?.("#source")) goBack();
});

function goBack() {
  // Drawn anew, the chat has another link to the same passage: look for where it leads.
  const found = cameFrom ? links(cameFrom.href) : [];
  const target = found[cameFrom?.nth] ?? found[0] ?? find("#question textarea");
  show(target, "center");
  target.focus({ preventScroll: true });
}

// The panel is drawn some frames after Python has answered: wait for it, two seconds at most.
function revealSource(frames = 120) {
  const mark = find("#source mark");
  const target = mark ?? find("#source h2");
  if (target?.getClientRects().length) {
    show(target, mark ? "center" : "start");
    target.focus({ preventScroll: true });
  } else if (frames) {
    requestAnimationFrame(() => revealSource(frames - 1));
  }
}

// The answer is drawn anew, and the link that was followed with it: half a second of frames in
// which the focus, if it is lost, goes to the one in its place.
function refocus(href, frames = 30) {
  if (document.activeElement === document.body) {
    links(href)[0]?.focus({ preventScroll: true });
  }
  if (frames) requestAnimationFrame(() => refocus(href, frames - 1));
}

// The button that stops an answer goes away with it.
document.addEventListener("click", (event) => {
  if (event.target.closest?.("#question .stop-button")) find("#question textarea").focus();
});

async function copy(markdown) {
  try {
    await navigator.clipboard.writeText(markdown);
    find("#announce .md").textContent = words.copied;
    const link = document.activeElement?.closest?.('a[href^="#copy-"]');
    if (link) link.textContent = `✓ ${words.copied}`;
  } catch {
    // A browser that keeps the clipboard to itself: hand the text over as a file.
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([markdown], { type: "text/markdown" }));
    link.download = "answer.md";
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

watch("value", () => {
  const { opened, copied, markdown, switched, href, language } = props.value;
  if (opened) revealSource();
  if (switched) refocus(href);
  if (copied && markdown) copy(markdown);
  if (language) {
    words = props.value;
    document.title = words.name;
    const empty = find("#source .empty");
    if (empty) empty.textContent = words.source_empty;
    document.documentElement.lang = language;
    document.documentElement.classList.add("qa-ready"); // the style sheet shows the page now
    tidy();
  }
});

// Gradio's parts, put right for people who listen. A message's label is its whole HTML source:
// its own text is better. New answers are announced once, whole, by #announce, and not while
// they grow.
function tidy() {
  for (const message of document.querySelectorAll("#chat [data-testid][aria-label]")) {
    message.removeAttribute("aria-label");
  }
  label("#chat [role=log]", { "aria-live": "off", "aria-label": words.conversation });
  label("#announce", { role: "status", "aria-live": "polite" });
  label("#question .submit-button", { "aria-label": words.send, title: words.send });
  label("#question .stop-button", { "aria-label": words.stop, title: words.stop });
  label("#side [role=tablist]", { "aria-label": words.panel });
  const scope = find("#scope .label-wrap");
  scope?.setAttribute("aria-expanded", String(scope.classList.contains("open")));
  followConversation();
  followReport();
}

function label(selector, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value) find(selector)?.setAttribute(name, value);
  }
}

// A new question goes to the top, and its answer grows below it.
function followConversation() {
  const questions = document.querySelectorAll("#chat .asked");
  if (questions.length > asked) show(questions[questions.length - 1], "start");
  asked = questions.length;
}

// A report may appear below the edge of a small screen.
function followReport() {
  const report = find("#report .report, #report .failure");
  if (report && report !== reported) show(report, "nearest");
  reported = report;
}

new MutationObserver(tidy).observe(document.body, { childList: true, subtree: true });

// The chosen language, remembered by browsers that allow it.
function remembered(language) {
  try {
    if (language) localStorage.setItem("qa-language", language);
    return localStorage.getItem("qa-language");
  } catch {
    return null;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("#language input")) remembered(event.target.value);
});
const wanted = [remembered(), ...navigator.languages]
  .map((tag) => (tag ?? "").slice(0, 2).toLowerCase())
  .find((tag) => LANGUAGES.includes(tag));
trigger("speak", { language: wanted ?? "en" });
