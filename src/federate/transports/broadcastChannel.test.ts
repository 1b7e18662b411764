import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeLocks } from '../../core/locksCases.ts';
import { openStore } from '../../storage/openStore.ts';
import { transportContract } from '../cases/transportContract.ts';
import { openBroadcastChannel } from './broadcastChannel.ts';

beforeEach(() => vi.stubGlobal('navigator', { locks: makeLocks().of({}) }));
afterEach(() => vi.unstubAllGlobals());

describe('tabs keep the contract of a transport', () => {
  for (const [i, { name, run }] of transportContract.entries()) {
    test(name, () => run(() => openBroadcastChannel(`contract-${i}`)));
  }
});

test('a federation outlives all tabs', async () => {
  const one = await openBroadcastChannel('outlives');
  await one.put('head', Uint8Array.of(1), 0);
  await one.putObject('models/1/x', Uint8Array.of(2));
  await one[Symbol.asyncDispose]();
  const other = await openBroadcastChannel('outlives');
  expect((await other.get('head'))?.value).toEqual(Uint8Array.of(1));
  expect(await other.getObject('models/1/x', 10)).toEqual(Uint8Array.of(2));
  await other[Symbol.asyncDispose]();
});

test('a given store stays open', async () => {
  const store = await openStore('given', { kind: 'indexeddb' });
  const tab = await openBroadcastChannel('given', { store });
  await tab.put('head', Uint8Array.of(1), 0);
  await tab[Symbol.asyncDispose]();
  expect(await store.keys('entries/')).toEqual(['entries/head']);
  await store[Symbol.asyncDispose]();
});

test('what cannot be shared is refused before anything is kept', async () => {
  const failed = expect.objectContaining({ code: 'transport-failed' });
  const memory = await openStore('memory', { kind: 'memory' });
  await expect(openBroadcastChannel('memory', { store: memory })).rejects.toEqual(failed);
  await expect(openBroadcastChannel('a b')).rejects.toMatchObject({ code: 'invalid-option' });
  vi.stubGlobal('navigator', {});
  await expect(openBroadcastChannel('insecure')).rejects.toEqual(failed);
});
