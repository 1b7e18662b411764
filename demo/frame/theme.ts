import { computed, signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

/** As in public/theme.js, which runs before this. */
const KEY = 'limbeck-demo-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');
const systemTheme = signal<Theme>(dark.matches ? 'dark' : 'light');
const given = document.documentElement.dataset['theme'];
/** What the person chose; undefined follows the system. */
const chosen = signal<Theme | undefined>(given === 'light' || given === 'dark' ? given : undefined);

dark.addEventListener('change', ({ matches }) => {
  systemTheme.value = matches ? 'dark' : 'light';
});

/** The theme that the page shows now. */
export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

/** Turns to the other theme and keeps it; the one that the system has needs no keeping. */
export function switchTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  chosen.value = next === systemTheme.value ? undefined : next;
  const { dataset } = document.documentElement;
  if (chosen.value === undefined) delete dataset['theme'];
  else dataset['theme'] = chosen.value;
  try {
    if (chosen.value === undefined) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, chosen.value);
  } catch {
    // Without storage the choice lasts until the page is left.
  }
}
