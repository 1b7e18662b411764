/** What a check found. A `change` is what should be done; a `note` is worth knowing. */
export interface Finding {
  readonly level: 'ok' | 'note' | 'change';
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly says: string;
  /** Which remedy helps: a key of `CURES`. */
  readonly cure?: CureName;
}

export type CureName =
  | 'isolation'
  | 'csp'
  | 'trusted-types'
  | 'mime'
  | 'caching'
  | 'compression'
  | 'assets'
  | 'prebundle'
  | 'peers';

export const PLACES = ['vite', 'next', 'nginx', 'netlify', 'pages'] as const;
export type Place = (typeof PLACES)[number];

export const ok = (check: string, says: string): Finding => ({ level: 'ok', check, says });
export const note = (check: string, says: string, cure?: CureName): Finding => ({
  level: 'note',
  check,
  says,
  ...(cure && { cure }),
});
export const change = (check: string, says: string, cure?: CureName): Finding => ({
  level: 'change',
  check,
  says,
  ...(cure && { cure }),
});
