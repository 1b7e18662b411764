import type { Dataset } from './dataset.ts';

const fresh = new WeakSet<Dataset['read']>();

/**
 * Marks a `read` that returns new arrays at each call and keeps none of them; with `like`, only if the `read` of that dataset
 * is marked. A dataset that callers wrap in their own is not marked, because theirs may keep what it reads.
 */
export function givesFresh<Read extends Dataset['read']>(read: Read, like?: Dataset): Read {
  if (like === undefined || isFresh(like)) fresh.add(read);
  return read;
}

/** Whether a dataset's arrays may be moved to another thread, so that this one loses them. */
export function isFresh(dataset: Dataset): boolean {
  return fresh.has(dataset.read);
}
