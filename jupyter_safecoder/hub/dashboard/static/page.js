// Fetches the page's changing part every few seconds; without it, loading the page again does the same.
'use strict';

const PAUSE_MS = 5000;
const board = document.getElementById('board');
const news = document.getElementById('news');
const xsrf = document.querySelector('meta[name=xsrf]').content;

async function refresh() {
  if (document.hidden) {
    return;
  }
  const answer = await fetch(board.dataset.from, { headers: { 'X-XSRFToken': xsrf } });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const told = state(board);
  // Whoever is on a button with the keyboard stays on it.
  const focused = board.contains(document.activeElement) ? document.activeElement.id : '';
  board.replaceChildren(...next.body.childNodes);
  if (focused) {
    document.getElementById(focused)?.focus();
  }
  if (state(board) !== told) {
    // A screen reader says this, and not all figures every five seconds.
    news.textContent = state(board);
  }
}

function state(root) {
  return [...root.querySelectorAll('.bar .pill, .alarm')].map(part => part.textContent).join('. ');
}

async function loop() {
  try {
    await refresh();
    delete document.body.dataset.stale;
  } catch {
    document.body.dataset.stale = 'true';
  }
  setTimeout(loop, PAUSE_MS);
}

setTimeout(loop, PAUSE_MS);
document.addEventListener('visibilitychange', () => refresh().catch(() => undefined));
