// Keeps a part of the page current: the server sends it again whenever it changes (server-sent events).
// Without this file every page reads and works; nothing here knows what a pattern is.
"use strict";

(() => {
  const region = document.querySelector("[data-live]");
  const note = document.getElementById("live-state");
  if (!region || !note || !window.EventSource) return;

  const MOST_TRIES = 10;
  const LONGEST_WAIT = 15000; // milliseconds
  const KEPT = new Set(["open"]); // attributes that belong to the person who looks
  // What is taken is a part of a page of this server, which has escaped all that others wrote.
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy("live", { createHTML: (text) => text })
    : { createHTML: (text) => text };
  let source = null;
  let timer = 0;
  let tries = 0;
  let over = false;

  function say(state, text) {
    if (note.dataset.state === state && note.textContent === text) return;
    note.dataset.state = state;
    note.textContent = text;
  }

  // --- the page becomes as the part that was sent: what is the same stays, with its focus and its place ---

  function become(old, fresh) {
    const known = new Map();
    for (const child of old.children) if (child.id) known.set(child.id, child);
    let at = old.firstChild;
    for (const node of [...fresh.childNodes]) {
      const found = node.id ? known.get(node.id) : at && !at.id && at.nodeName === node.nodeName ? at : null;
      if (!found || found.nodeName !== node.nodeName) {
        old.insertBefore(node, at);
        continue;
      }
      if (found === at) at = at.nextSibling;
      else old.insertBefore(found, at);
      update(found, node);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  function update(old, fresh) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    become(old, fresh);
  }

  function take(html) {
    const focused = document.activeElement;
    const parsed = new DOMParser().parseFromString(policy.createHTML(html), "text/html");
    become(region, parsed.body);
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  // --- the stream ---

  function close() {
    clearTimeout(timer);
    timer = 0;
    if (source) source.close();
    source = null;
  }

  function end(state, text) {
    over = true;
    close();
    say(state, text);
  }

  function again() {
    close();
    if (over || document.hidden) return;
    if (tries >= MOST_TRIES) {
      say("off", "Not live: the console does not answer. Reload the page to try again.");
      return;
    }
    const wait = Math.min(500 * 2 ** tries, LONGEST_WAIT) * (0.5 + Math.random() / 2);
    tries += 1;
    timer = setTimeout(open, wait);
  }

  function open() {
    close();
    if (over || document.hidden) return;
    source = new EventSource(region.dataset.live);
    const on = (name, act) => source.addEventListener(name, (event) => act(event.data));
    on("part", (html) => {
      tries = 0;
      take(html);
    });
    on("live", () => say("live", "Live"));
    on("not-live", (why) => say("off", `Not live: ${why}`));
    on("again", again);
    on("signed-out", () => end("off", "Signed out. Reload the page to sign in."));
    on("forbidden", (why) => {
      end("off", `Not live: ${why}`);
      region.replaceChildren();
    });
    source.onerror = () => {
      say("off", "Not live: the console does not answer.");
      again();
    };
  }

  document.addEventListener("visibilitychange", () => {
    tries = 0;
    if (document.hidden) close();
    else open();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  open();
})();
