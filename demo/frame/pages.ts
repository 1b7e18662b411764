export interface PageLink {
  readonly href: string;
  readonly name: string;
}

/** The pages of the demo, as the masthead lists them. A page is its HTML file, and a line here; vite finds the files. */
export const PAGES: readonly PageLink[] = [
  { href: './index.html', name: 'Distil' },
  { href: './personal.html', name: 'Personalize' },
  { href: './federate.html', name: 'Federate' },
  { href: './tasks.html', name: 'Tasks' },
  { href: './inspect.html', name: 'Inspect' },
  { href: './bench.html', name: 'Benchmark' },
];
