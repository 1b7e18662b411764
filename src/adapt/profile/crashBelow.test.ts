import 'fake-indexeddb/auto';
import { IDBFactory as FakeFactory } from 'fake-indexeddb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { wipe } from '../../storage/encrypted.ts';
import { openStore } from '../../storage/openStore.ts';
import { type DiskCall, filesOf, makeOpfs, openTab } from '../../storage/opfsCases.ts';
import type { Store } from '../../storage/store.ts';
import type { Profile } from './profile.ts';
import { answersOf, openWith, point } from './profileCases.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

type How = 'dead' | 'torn' | 'done';

/** A browser whose tabs die below the store: in the middle of what a store asks of the platform. */
interface Browser {
  /** Of a new tab; the one before is dead or does nothing more. */
  open(): Promise<Store>;
  /** From here on the tab dies at its `at`th call that changes the disk. */
  arm(at: number, how: How): void;
  isDead(): boolean;
  /** Names of what lies there and is no value, and the text of everything. */
  look(): Promise<{ left: string[]; text: string }>;
}

const CHANGING: readonly DiskCall[] = ['create', 'open', 'write', 'flush', 'close', 'move', 'remove'];

function opfsBrowser(writes: 'stream' | 'access'): Browser {
  const opfs = makeOpfs();
  let left = Number.POSITIVE_INFINITY;
  let deathIs: How = 'dead';
  let tab = openTab(opfs);
  return {
    open() {
      left = Number.POSITIVE_INFINITY;
      const onCall = (call: DiskCall) => (CHANGING.includes(call) && --left === 0 ? deathIs : undefined);
      tab = openTab(opfs, { writes, onCall });
      for (const [name, value] of Object.entries(tab.globals)) vi.stubGlobal(name, value);
      return openStore('person', { kind: 'opfs' });
    },
    arm(at, how) {
      left = at;
      deathIs = how;
    },
    isDead: () => tab.isDead(),
    async look() {
      const files = [...filesOf(opfs)];
      const names = files.map(([path]) => path).filter((path) => !/^limbeck\/(person\/)?$/.test(path));
      const bytes = files.map(([path, file]) => path + Buffer.from(file?.bytes ?? []).toString('latin1'));
      return { left: names.filter((name) => !name.endsWith('.value')), text: bytes.join('\n') };
    },
  };
}

/** Of a transaction there is all or nothing: 'torn' is one that is aborted between its requests. */
function indexedDbBrowser(): Browser {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  vi.stubGlobal('indexedDB', new FakeFactory());
  let left = Number.POSITIVE_INFINITY;
  let deathIs: How = 'dead';
  let isDead = false;
  const transaction = IDBDatabase.prototype.transaction;
  vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
    const dead = new Error('The tab is dead.');
    if (isDead) throw dead;
    const isFatal = given[1] === 'readwrite' && --left === 0;
    if (!isFatal) return transaction.apply(this, given);
    isDead = true;
    if (deathIs === 'dead') throw dead;
    const made = transaction.apply(this, given);
    const ending = deathIs === 'torn' ? 'abort' : 'commit';
    queueMicrotask(() => made[ending]());
    return made;
  });
  return {
    open() {
      isDead = false;
      left = Number.POSITIVE_INFINITY;
      return openStore('person', { kind: 'indexeddb' });
    },
    arm(at, how) {
      left = at;
      deathIs = how;
    },
    isDead: () => isDead,
    async look() {
      const store = await openStore('person', { kind: 'indexeddb' });
      const values = await Promise.all((await store.keys()).map(async (key) => [key, await store.get(key)] as const));
      return { left: [], text: values.map(([key, value]) => key + Buffer.from(value ?? []).toString('latin1')).join() };
    },
  };
}

interface Step {
  readonly name: string;
  readonly run: (profile: Profile) => Promise<unknown>;
  readonly kept?: string;
  readonly forgotten?: string;
}

const observe = (id: string, x: number, label: string): Step => ({
  name: `observe ${id}`,
  run: (profile) => profile.observe(point(x, x / 2), label, { id }),
  kept: id,
});
const learn: Step = { name: 'learn', run: (profile) => profile.learn().done };
const forget = (id: string): Step => ({ name: `forget ${id}`, run: (profile) => profile.forget(id), forgotten: id });
const rollback: Step = { name: 'rollback', run: (profile) => profile.rollback(0) };
const destroy: Step = { name: 'destroy', run: (profile) => profile.destroy() };

const STEPS = [
  observe('person-a', 1, 'left'),
  observe('person-b', -1, 'right'),
  learn,
  observe('person-c', 2, 'left'),
  learn,
  forget('person-b'),
  rollback,
  learn,
  destroy,
];

/** The tab dies at every `EVERY`th call of a step. */
const EVERY = isLong ? 1 : 4;

/** Does the steps before one in peace, and dies in that one. */
async function deathIn(i: number, at: number, how: How, browser: Browser) {
  const profile = await openWith(await browser.open());
  for (const step of STEPS.slice(0, i)) await step.run(profile);
  const before = await answersOf(profile);
  browser.arm(at, how);
  await STEPS[i]?.run(profile).catch((error: unknown) => {
    if (!browser.isDead()) throw error;
  });
  return { isDead: browser.isDead(), before };
}

async function checkPromises(browser: Browser, i: number, before: string, where: string): Promise<void> {
  const step = STEPS[i] as Step;
  const earlier = STEPS.slice(0, i);
  const store = await browser.open();
  const profile = await openWith(store);
  expect(profile.notices, where).toEqual([]);
  const { left, text } = await browser.look();
  expect(left, where).toEqual([]);
  const ids = (await profile.examples()).map(({ id }) => id);
  const kept = earlier.flatMap((one) => one.kept ?? []);
  const forgotten = earlier.flatMap((one) => one.forgotten ?? []);
  const sure = kept.filter((id) => !forgotten.includes(id) && id !== step.forgotten);
  // A profile whose destruction was acknowledged by the first write is new, and otherwise as it was.
  if (step !== destroy || ids.length > 0) expect(ids, where).toEqual(expect.arrayContaining(sure));
  for (const id of forgotten) {
    expect(ids, where).not.toContain(id);
    expect(text, where).not.toContain(id);
  }
  if (step.kept === undefined && step !== learn && ids.length === kept.length) {
    expect(await answersOf(profile), where).toBe(before);
  }
  for (const { examples } of await profile.history()) expect(ids, where).toEqual(expect.arrayContaining([...examples]));

  await profile.destroy();
  await wipe(store);
  const end = await browser.look();
  expect(end.left, where).toEqual([]);
  expect(end.text, where).not.toMatch(/person-|left|right/);
}

describe.each([
  ['OPFS in a window', () => opfsBrowser('stream'), 45],
  ['OPFS in a worker', () => opfsBrowser('access'), 45],
  ['IndexedDB', indexedDbBrowser, 15],
] as const)('a tab that dies below the store, in %s', (_, make, least) => {
  test.each(['dead', 'torn', 'done'] as const)('keeps its promises and leaves nothing besides (%s)', async (how) => {
    let deaths = 0;
    for (const i of STEPS.keys()) {
      for (let at = 1 + (i % EVERY); ; at += EVERY) {
        const browser = make();
        const { isDead, before } = await deathIn(i, at, how, browser);
        if (!isDead) break;
        deaths++;
        await checkPromises(browser, i, before, `${STEPS[i]?.name} (step ${i}), call ${at}, ${how}`);
      }
    }
    expect(deaths).toBeGreaterThan(least / EVERY);
  });
});
