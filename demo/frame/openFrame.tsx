import './tokens.css';
import './frame.css';
import { type ComponentChild, render } from 'preact';
import { startOffline } from '../offline/offline.ts';
import { OfflineNote } from '../offline/offlineNote.tsx';
import { PAGES } from './pages.ts';
import { switchTheme, theme } from './theme.ts';
import { Toasts } from './toasts.tsx';

/**
 * Fills the frame that each HTML file has: masthead, toasts and foot around `#page`, which shows `content`. Opening and lead stand
 * in the HTML, so that they are there before any script.
 */
export function openFrame(content?: ComponentChild): void {
  render(<Masthead />, elementOf('masthead'));
  render(<Toasts />, document.body.appendChild(document.createElement('div')));
  render(<OfflineNote />, elementOf('offline'));
  if (content !== undefined) render(content, elementOf('page'));
  void startOffline();
}

function elementOf(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element "${id}".`);
  return element;
}

function Masthead() {
  const here = location.pathname.split('/').at(-1) || 'index.html';
  return (
    <div>
      <a class="brand" href="./index.html">
        <svg viewBox="0 0 48 48" aria-hidden="true">
          <path d="M12 15v7.5a11 11 0 1 0 8 0V15" />
          <path d="M8 15c0-6 3-10 8-10s8 4 8 9l17 13" />
          <path d="M6.5 33.5h19" />
          <path d="M36 31v10a3 3 0 0 0 3 3h2a3 3 0 0 0 3-3V31" />
        </svg>
        limbeck
      </a>
      <nav class="pages" aria-label="Pages">
        {PAGES.map(({ href, name }) => (
          <a key={href} href={href} aria-current={isFor(href, here) ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <ThemeSwitch />
    </div>
  );
}

/** A server may leave the ending away. */
function isFor(href: string, here: string): boolean {
  return href === `./${here}` || href === `./${here}.html`;
}

function ThemeSwitch() {
  const isDark = theme.value === 'dark';
  return (
    <button type="button" class="theme" aria-pressed={isDark} aria-label="Dark theme" onClick={switchTheme}>
      <svg viewBox="0 0 24 24" aria-hidden="true">
        {isDark ? (
          <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z" />
        ) : (
          <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4" />
        )}
      </svg>
    </button>
  );
}
