import { notIsolatedWhy, offline } from './offline.ts';

const SENTENCES = {
  starting: '',
  ready: 'The pages open without a network too.',
  partly: 'Without a network, only some of it works.',
  off: 'The pages need the network.',
} as const;

/** What the service worker gives this visit, and what it could not give. */
export function OfflineNote() {
  const { state, why } = offline.value;
  const whys = new Set([why, notIsolatedWhy.value].filter((one) => one !== undefined));
  return (
    <>
      {SENTENCES[state]} {notIsolatedWhy.value && 'It computes on one thread.'} {[...whys].join(' ')}
    </>
  );
}
