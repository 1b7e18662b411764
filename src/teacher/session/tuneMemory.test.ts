import { expect, test } from 'vitest';
import { openStore } from '../../storage/openStore.ts';
import type { Store } from '../../storage/store.ts';
import { type TunedPlace, tuneMemory } from './tuneMemory.ts';

const figure = { batchSize: 8, msPerExample: 4.6, spreadFraction: 0.1 };
const place: TunedPlace = { device: 'wasm', batchSize: 8, figures: [figure], why: 'It was measured.' };
let count = 0;
/** Another model each time: the page's own memory outlives a test. */
const model = () => ({ name: 'a model', hash: `model ${count++}` });

/** Only its bytes are kept, so that what is found comes from the store. */
async function storeOfAnotherPage(mine: ReturnType<typeof model>) {
  const store = await openStore('tuning', { kind: 'memory' });
  const writes: [string, Uint8Array][] = [];
  const watched: Store = { ...store, put: async (key, bytes) => void writes.push([key, bytes]) };
  await (await tuneMemory(mine, 'gpu', watched)).remember(place);
  return { store, writes };
}

test('without a store it is remembered as long as the page lives', async () => {
  const mine = model();
  expect(await (await tuneMemory(mine, 'gpu', undefined)).recall()).toBeUndefined();
  await (await tuneMemory(mine, 'gpu', undefined)).remember(place);
  expect(await (await tuneMemory({ ...mine }, 'gpu', undefined)).recall()).toEqual(place);
});

test('another model or another GPU knows nothing of it', async () => {
  const mine = model();
  await (await tuneMemory(mine, 'gpu', undefined)).remember(place);
  expect(await (await tuneMemory(model(), 'gpu', undefined)).recall()).toBeUndefined();
  expect(await (await tuneMemory(mine, 'another gpu', undefined)).recall()).toBeUndefined();
});

test('what is in the store is read back; what cannot be read is measured again', async () => {
  const { writes } = await storeOfAnotherPage(model());
  const [bytes] = writes.map(([, written]) => written);
  const keeping = (kept: Uint8Array | undefined): Store =>
    ({ get: async () => kept, put: async () => undefined }) as unknown as Store;
  expect(await (await tuneMemory(model(), 'gpu', keeping(bytes))).recall()).toEqual(place);
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const [kept] = [JSON.parse(new TextDecoder().decode(bytes)) as object];
  const measured = (value: unknown) => text({ ...kept, measured: value });
  expect(await (await tuneMemory(model(), 'gpu', keeping(measured(place)))).recall()).toEqual(place);
  for (const bad of [
    new Uint8Array(3),
    text(null),
    text(place),
    text({ ...kept, kind: 'another' }),
    measured(null),
    measured(7),
    measured({ ...place, device: 'tpu' }),
    measured({ ...place, batchSize: 0 }),
    measured({ ...place, figures: undefined }),
    measured({ ...place, figures: [{ ...figure, msPerExample: null }] }),
    measured({ ...place, figures: [{ ...figure, spreadFraction: -1 }] }),
    measured({ ...place, figures: [null] }),
  ]) {
    expect(await (await tuneMemory(model(), 'gpu', keeping(bad))).recall()).toBeUndefined();
  }
});

test('a store that fails is as good as none', async () => {
  const refuse = async () => Promise.reject(new Error('gone'));
  const store = { get: refuse, put: refuse } as unknown as Store;
  const memory = await tuneMemory(model(), 'gpu', store);
  expect(await memory.recall()).toBeUndefined();
  await memory.remember(place);
  expect(await memory.recall()).toEqual(place);
});

test('its keys are names that every store takes', async () => {
  const { store, writes } = await storeOfAnotherPage(model());
  for (const [key, bytes] of writes) await store.put(key, bytes);
  expect(await store.keys('device-profile/')).toEqual(writes.map(([key]) => key));
});
