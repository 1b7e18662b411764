import { table } from './markdown.mjs';

/** Where limbeck runs, and what to do there. */
export function placesTable({ places }) {
  const rows = places.map(({ title, works, note }) => [title, works ? 'yes' : 'no', note]);
  return table(['where', 'runs', 'what to do'], rows);
}
