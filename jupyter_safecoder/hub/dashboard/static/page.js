// Replaces the part of the dashboard that changes every few seconds. Without it, reloading the page does the same.
'use strict';

const INTERVAL_MS = 5000;
const dashboard = document.getElementById('dashboard');
const liveStatus = document.getElementById('live-status');
const xsrf = document.querySelector('meta[name=xsrf]').content;

async function refresh() {
  if (document.hidden) {
    return;
  }
  const response = await fetch(dashboard.dataset.source, { headers: { 'X-XSRFToken': xsrf } });
  if (!response.ok) {
    throw new Error(String(response.status));
  }
  const next = new DOMParser().parseFromString(await response.text(), 'text/html');
  const before = summary(dashboard);
  // A button that has the keyboard focus keeps it.
  const focused = dashboard.contains(document.activeElement) ? document.activeElement.id : '';
  dashboard.replaceChildren(...next.body.childNodes);
  if (focused) {
    document.getElementById(focused)?.focus();
  }
  if (summary(dashboard) !== before) {
    // Screen readers announce this, and not every value every five seconds.
    liveStatus.textContent = summary(dashboard);
  }
}

function summary(root) {
  return [...root.querySelectorAll('.toolbar .badge, .alert')].map(part => part.textContent).join('. ');
}

async function loop() {
  try {
    await refresh();
    delete document.body.dataset.stale;
  } catch {
    document.body.dataset.stale = 'true';
  }
  setTimeout(loop, INTERVAL_MS);
}

setTimeout(loop, INTERVAL_MS);
document.addEventListener('visibilitychange', () => refresh().catch(() => undefined));
