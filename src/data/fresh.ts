import type { Dataset } from './dataset.ts';

const fresh = new WeakSet<Dataset['read']>();

/**
 * Marks a dataset's `read` that gives new arrays at each call and keeps none of them; with `like`, only where the `read` of
 * that dataset is marked. A dataset that a caller wraps in one of their own is not marked: it may keep what it reads.
 */
export function givesFresh<Read extends Dataset['read']>(read: Read, like?: Dataset): Read {
  if (like === undefined || isFresh(like)) fresh.add(read);
  return read;
}

/** Whether the arrays that a dataset reads may be moved to another thread, where this one loses them. */
export function isFresh(dataset: Dataset): boolean {
  return fresh.has(dataset.read);
}
