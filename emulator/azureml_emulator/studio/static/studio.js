// What pages do besides being read: copy a text, and stay up to date. They can be used without it.
"use strict";

const EVERY = 1000; // milliseconds between two looks
const announcer = document.getElementById("announcer");

function say(text) {
  if (announcer && text && announcer.textContent !== text) announcer.textContent = text;
}

// Say it for everyone: at the top of the page, until it is true no longer.
function warn(text) {
  let note = document.getElementById("stale");
  if (!text) {
    note?.remove();
    return;
  }
  if (!note) {
    note = document.createElement("p");
    note.id = "stale";
    note.className = "note";
    document.getElementById("main").prepend(note);
  }
  note.textContent = text;
  say(text);
}

function prepareCopying(within) {
  for (const button of within.querySelectorAll("button[data-copy]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    const before = button.firstChild.textContent;
    button.firstChild.textContent = "Copied";
    say("Copied");
    setTimeout(() => { button.firstChild.textContent = before; say(" "); }, 1500);
  } catch {
    // The browser does not let pages write: select the text, so that a key copies it.
    getSelection().selectAllChildren(source);
    say("The text is selected: copy it with the keyboard.");
  }
});

// Put a newer text in the place of a region, but keep what its reader has opened, focused and scrolled to.
function replace(region, text) {
  const opened = new Set([...region.querySelectorAll("details[data-keep][open]")].map((each) => each.dataset.keep));
  const focusable = "a[href], summary, button, [tabindex]";
  const focus = [...region.querySelectorAll(focusable)].indexOf(document.activeElement);
  const scrolled = [...region.querySelectorAll("pre, .scroll")].map((each) =>
    [each.scrollLeft, each.scrollTop, each.scrollTop + each.clientHeight >= each.scrollHeight - 4]);
  const fresh = new DOMParser().parseFromString(text, "text/html").body;
  region.replaceChildren(...fresh.childNodes);
  for (const each of region.querySelectorAll("details[data-keep]")) each.open = opened.has(each.dataset.keep);
  region.querySelectorAll("pre, .scroll").forEach((each, index) => {
    const [left, top, atEnd] = scrolled[index] ?? [0, 0, false];
    each.scrollTo(left, atEnd && each.matches("pre") ? each.scrollHeight : top);
  });
  if (focus >= 0) region.querySelectorAll(focusable)[focus]?.focus({ preventScroll: true });
  prepareCopying(region);
  const said = region.querySelector("[data-say]");
  if (said) say(said.dataset.say);
}

async function follow(region) {
  let known = "";
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (document.hidden) continue;
    let answer, text;
    try {
      answer = await fetch(region.dataset.live, { credentials: "same-origin", redirect: "error" });
      text = await answer.text();
    } catch {
      warn("The emulator does not answer, so this page may be out of date.");
      continue;
    }
    if (!answer.ok) {
      warn(answer.status === 401
        ? "You are signed out, so this page is no longer kept up to date. Sign in with: azureml-emulator studio"
        : "This page can no longer be kept up to date. Load it again.");
      return;
    }
    warn("");
    if (text !== known && getSelection().isCollapsed) {
      known = text;
      replace(region, text);
    }
    if (answer.headers.get("x-studio-done") && text === known) return;
  }
}

prepareCopying(document);
for (const log of document.querySelectorAll("[data-live] pre.log")) log.scrollTo(0, log.scrollHeight);
for (const region of document.querySelectorAll("[data-live]")) follow(region);
