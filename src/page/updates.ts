/**
 * Keeps an open page up to date without a framework: a script requests the page again and changes only what differs.
 *
 *   visible ─▶ wait ─▶ GET the same page ─┬─ 304 ─▶ nothing changed
 *                                         ├─ page ─▶ change the nodes that differ
 *                                         └─ no answer, or no page ─▶ say so, and wait twice as long, up to a minute
 *   hidden, or text is selected ─▶ no requests, no changes
 *
 * Nodes that stay the same are not replaced, so that scroll positions, focus and open <details> stay. Nothing moves or
 * fades, so there is nothing to switch off for prefers-reduced-motion. Without scripts the page has a link to reload it.
 * A page whose style or script differs (a new version) is loaded as a whole.
 */
import { Html, html } from './html.ts'

export interface Updates {
  readonly everyMs: number
  /** In words, while all is well. */
  readonly says: string
  /** ETag of the page; null: each answer is a new page. */
  readonly version: string | null
  /** What the page does without scripts; empty: nothing. */
  readonly saysWithoutScript: string
}

/** A line that says whether the page updates itself, with a link that reloads it. At the end of the footer. */
export function updatesLine({ saysWithoutScript }: Updates): Html {
  return html`<span id="updates" role="status">${saysWithoutScript}</span> <a href="">Reload</a>`
}

/** At the end of the body. */
export function updatesScript({ everyMs, says, version }: Updates): Html {
  return html`<script data-every="${everyMs}" data-says="${says}" data-version="${version}">${new Html(script)}</script>`
}

/** As the Content-Security-Policy of a page names it. It refers to nothing but the page itself. */
export const script = `'use strict';
(() => {
  const own = document.currentScript, line = document.getElementById('updates');
  const every = Number(own.dataset.every), longest = Math.max(every, 60000);
  let timer, isBusy = false, failures = 0, updatedAt = performance.now();

  const say = (words) => { if (line.textContent !== words) line.textContent = words; };
  const inWords = (ms) => ms < 90000 ? Math.round(ms / 1000) + ' s' : Math.round(ms / 60000) + ' min';
  const isSelecting = () => { const selection = getSelection(); return selection !== null && !selection.isCollapsed; };
  const wait = (ms) => { clearTimeout(timer); if (!document.hidden) timer = setTimeout(update, ms); };

  async function update() {
    if (isBusy || document.hidden) return;
    if (isSelecting()) { say('Paused while text is selected.'); return wait(1000); }
    isBusy = true;
    const began = performance.now();
    try {
      const page = await request();
      if (isSelecting()) return wait(1000);
      if (page !== null) show(page);
      failures = 0;
      updatedAt = performance.now();
      say(own.dataset.says);
      // A page that takes long is requested less often.
      wait(Math.max(every, 20 * (updatedAt - began)));
    } catch (error) {
      failures += 1;
      const next = Math.min(longest, every * 2 ** failures);
      say('Not updated for ' + inWords(performance.now() - updatedAt) + ': ' + whyNot(error) + ' Next try in ' + inWords(next) + '.');
      wait(next);
    } finally {
      isBusy = false;
    }
  }

  /** Null: it is the same. */
  async function request() {
    const { version } = own.dataset;
    const answer = await fetch(location.pathname + location.search, {
      cache: 'no-store',
      headers: version ? { 'if-none-match': version } : {},
      signal: AbortSignal.timeout(30000),
    });
    if (answer.status === 304) return null;
    if (!(answer.headers.get('content-type') || '').startsWith('text/html')) throw answer.status;
    return new DOMParser().parseFromString(await answer.text(), 'text/html');
  }

  function whyNot(error) {
    if (error === 401) return 'the server asks for the password, so reload this page.';
    return typeof error === 'number' ? 'the server answered ' + error + '.' : 'the server does not answer.';
  }

  function show(page) {
    const parts = (of) => [...of.querySelectorAll('style,script')].map(({ textContent }) => textContent).join();
    if (parts(page) !== parts(document)) return location.reload();
    const focused = document.activeElement;
    document.title = page.title;
    become(document.body, page.body);
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  function become(old, wanted) {
    if (old === line) return;
    if (old.nodeType !== 1) { if (old.nodeValue !== wanted.nodeValue) old.nodeValue = wanted.nodeValue; return; }
    const isKept = (name) => name === 'open' && old.nodeName === 'DETAILS';
    for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name) && !isKept(name)) old.removeAttribute(name);
    for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value && !isKept(name)) old.setAttribute(name, value);
    const rest = [...old.childNodes];
    const staying = new Set([...wanted.childNodes].map((child) => child.nodeName + keyOf(child)));
    const children = [...wanted.childNodes].map((child) => {
      const isSame = (one) => one.nodeName === child.nodeName && keyOf(one) === keyOf(child);
      // One that would go takes the place of one that comes: a name in its label may have changed.
      const isFree = (one) => one.nodeName === child.nodeName && !staying.has(one.nodeName + keyOf(one));
      const at = rest.some(isSame) ? rest.findIndex(isSame) : rest.findIndex(isFree);
      if (at < 0) return document.importNode(child, true);
      const [same] = rest.splice(at, 1);
      become(same, child);
      return same;
    });
    for (const one of rest) one.remove();
    let place = old.firstChild;
    for (const child of children) {
      if (child === place) place = place.nextSibling;
      else old.insertBefore(child, place);
    }
  }

  /** What a node is about, so that a row that moves takes its state along. */
  function keyOf(node) {
    if (node.nodeType !== 1) return '';
    const named = node.id || node.getAttribute('aria-labelledby') || node.getAttribute('aria-label');
    if (named) return named;
    if (node.nodeName === 'TR') return node.firstElementChild?.textContent;
    if (node.nodeName === 'SECTION') return node.querySelector('h2')?.textContent;
    return node.nodeName === 'A' ? node.getAttribute('href') : '';
  }

  // The policy of the pages forbids to submit forms, so this goes where a form leads.
  document.addEventListener('submit', (event) => {
    event.preventDefault();
    const filled = [...new FormData(event.target)].filter(([, value]) => value !== '');
    location.assign(event.target.action + '?' + new URLSearchParams(filled));
  });
  document.addEventListener('visibilitychange', () => wait(Math.max(0, every - (performance.now() - updatedAt))));
  say(own.dataset.says);
  wait(every);
})();
`
