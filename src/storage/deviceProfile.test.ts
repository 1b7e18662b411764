import { afterEach, beforeEach, expect, test } from 'vitest';
import { VERSIONS } from '../core/versions.ts';
import { clearDeviceProfile, deviceProfile, keepDeviceProfile, measurementMemory } from './deviceProfile.ts';
import { openStore } from './openStore.ts';
import type { Store } from './store.ts';

interface Steps {
  readonly oneMs: number;
}

const parse = (measured: Readonly<Record<string, unknown>>) =>
  typeof measured['oneMs'] === 'number' ? { oneMs: measured['oneMs'] } : undefined;
const memoryOf = (what: string, store?: Store) =>
  measurementMemory<Steps>({ kind: 'training', name: `student ${what}`, what: { what }, store, parse });
const open = () => openStore('profile', { kind: 'memory' });

const forget = async () => {
  keepDeviceProfile(undefined);
  await clearDeviceProfile();
};
// Tests of other files measure too.
beforeEach(forget);
afterEach(forget);

test('it shows what was measured on this page, and of which device and versions', async () => {
  await (await memoryOf('a')).remember({ oneMs: 2 });
  const { device, measurements } = await deviceProfile();
  expect(device.versions).toEqual(VERSIONS);
  expect(measurements).toEqual([
    { kind: 'training', name: 'student a', date: expect.stringMatching(/^\d{4}-.*Z$/), measured: { oneMs: 2 } },
  ]);
});

test('in a store it outlives the page, and is cleared with it', async () => {
  await using store = await open();
  keepDeviceProfile(store);
  await (await memoryOf('a')).remember({ oneMs: 2 });
  const [key] = await store.keys();
  const bytes = await store.get(key as string);
  await clearDeviceProfile();
  expect(await store.keys()).toEqual([]);
  expect(await (await memoryOf('a')).recall()).toBeUndefined();
  // What another page has kept.
  await store.put(key as string, bytes as Uint8Array);
  expect(await (await memoryOf('a')).recall()).toEqual({ oneMs: 2 });
  expect((await deviceProfile()).measurements).toHaveLength(1);
});

test('what was measured with another browser or version is not used, and makes room', async () => {
  await using store = await open();
  keepDeviceProfile(store);
  await (await memoryOf('a')).remember({ oneMs: 2 });
  const [key] = await store.keys();
  const bytes = (await store.get(key as string)) as Uint8Array;
  await clearDeviceProfile();
  const other = `device-profile/0123/${(key as string).split('/').at(-1)}`;
  await store.put(other, bytes);
  await store.put('something-else', bytes);
  expect(await (await memoryOf('a')).recall()).toBeUndefined();
  expect((await deviceProfile()).measurements).toEqual([]);
  await (await memoryOf('b')).remember({ oneMs: 3 });
  expect(await store.keys()).toEqual([expect.stringContaining('/training-'), 'something-else']);
});

test('a store keeps no more than it should', async () => {
  await using store = await open();
  keepDeviceProfile(store);
  for (let i = 0; i < 210; i++) await (await memoryOf(`${i}`)).remember({ oneMs: i });
  expect((await store.keys('device-profile/')).length).toBe(200);
});

test('bytes of anyone else are no measurement', async () => {
  await using store = await open();
  keepDeviceProfile(store);
  await (await memoryOf('a')).remember({ oneMs: 2 });
  const [key] = await store.keys();
  await clearDeviceProfile();
  for (const bad of [
    '',
    '{',
    'null',
    '[]',
    '{"kind":"training"}',
    `{"measured":{"oneMs":1},"x":"${'x'.repeat(70_000)}"}`,
  ]) {
    await store.put(key as string, new TextEncoder().encode(bad));
    expect(await (await memoryOf('a')).recall()).toBeUndefined();
    expect((await deviceProfile()).measurements).toEqual([]);
  }
});

test('a store that fails costs only what it would have kept', async () => {
  const refuse = async () => Promise.reject(new Error('gone'));
  keepDeviceProfile({ get: refuse, put: refuse, keys: refuse, delete: refuse } as unknown as Store);
  await (await memoryOf('a')).remember({ oneMs: 2 });
  expect(await (await memoryOf('a')).recall()).toEqual({ oneMs: 2 });
  expect((await deviceProfile()).measurements).toHaveLength(1);
  keepDeviceProfile(undefined);
});
