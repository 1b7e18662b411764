import { describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import type { Profile } from './profile.ts';
import { answersOf, type Disk, makeDisk, openWith, point, storeOn } from './profileCases.ts';

/** Ids that were acknowledged. */
interface Promised {
  readonly kept: readonly string[];
  readonly forgotten: readonly string[];
}

/** One thing that a person does, and what is promised once it is acknowledged. */
interface Step {
  readonly name: string;
  readonly run: (profile: Profile) => Promise<unknown>;
  readonly kept?: readonly string[];
  readonly forgotten?: string;
}

/** Where the script stood: the disk, what was promised by then, and what the profile said. */
interface Moment {
  readonly disk: Disk;
  readonly promised: Promised;
  readonly answers: string;
}

const observe = (id: string, x: number, label = 'left'): Step => ({
  name: `observe ${id}`,
  run: (profile) => profile.observe(point(x, x / 2), label, { id }),
  kept: [id],
});
const learn: Step = { name: 'learn', run: (profile) => profile.learn().done };
const rollback = (number: number): Step => ({ name: `rollback ${number}`, run: (profile) => profile.rollback(number) });
const forget = (id: string): Step => ({ name: `forget ${id}`, run: (profile) => profile.forget(id), forgotten: id });
const destroy: Step = { name: 'destroy', run: (profile) => profile.destroy() };

async function script(): Promise<Step[]> {
  const profile = await openWith(await storeOn(makeDisk()));
  const imported = ['elsewhere 5', 'elsewhere 6'];
  for (const [i, id] of imported.entries()) await profile.observe(point(5 + i, -5), 'right', { id });
  await profile.learn().done;
  const bytes = await profile.exportBytes();
  return [
    ...[observe('a', 1), observe('b', -1, 'right'), learn, observe('c', 2), learn],
    ...[rollback(1), rollback(2), forget('c'), learn],
    { name: 'import', run: (one) => one.importBytes(bytes), kept: imported },
    ...[observe('e', 4), forget('elsewhere 5'), rollback(0), forget('a'), learn],
  ];
}

/** The script without a death, as it stood before each step and after the last. */
async function momentsOf(steps: readonly Step[]): Promise<Moment[]> {
  const disk = makeDisk();
  const profile = await openWith(await storeOn(disk));
  let promised: Promised = { kept: [], forgotten: [] };
  const moment = async () => ({ disk: makeDisk(disk.values), promised, answers: await answersOf(profile) });
  const moments = [await moment()];
  for (const { run, kept = [], forgotten } of steps) {
    await run(profile);
    const all = [...promised.kept, ...kept].filter((id) => id !== forgotten);
    promised = {
      kept: all,
      forgotten: forgotten === undefined ? promised.forgotten : [...promised.forgotten, forgotten],
    };
    moments.push(await moment());
  }
  return moments;
}

type When = 'before' | 'after';

/** A tab that dies at one call to its store, before it does anything, or when it is done and that is not known yet. */
async function tabOn(disk: Disk) {
  const dead = new Error('The tab is dead.');
  let left = Number.POSITIVE_INFINITY;
  let when: When = 'before';
  const store = await storeOn(disk, () => {
    if (left <= 0) throw dead;
    if (--left > 0) return undefined;
    if (when === 'before') throw dead;
    return dead;
  });
  return {
    store,
    dieAt(call: number, how: When) {
      left = call;
      when = how;
    },
    isDead: () => left <= 0,
  };
}

/** Does a step on a copy of the disk, and dies at one call of it; gives what is left, or undefined where it lived on. */
async function deathIn(step: Step | 'open', { disk }: Moment, call: number, when: When): Promise<Disk | undefined> {
  const left = makeDisk(disk.values);
  const tab = await tabOn(left);
  try {
    if (step === 'open') tab.dieAt(call, when);
    const profile = await openWith(tab.store);
    if (step !== 'open') {
      tab.dieAt(call, when);
      await step.run(profile);
    }
  } catch (error) {
    if (!tab.isDead()) throw error;
  }
  return tab.isDead() ? left : undefined;
}

async function checkPromises(disk: Disk, before: Moment, after: Moment, step: Step | undefined, where: string) {
  const profile = await openWith(await storeOn(disk));
  expect(profile.notices, where).toEqual([]);
  const ids = (await profile.examples()).map(({ id }) => id);
  const mayBeGone = step?.forgotten;
  const kept = before.promised.kept.filter((id) => id !== mayBeGone);
  expect(ids, `${where}: what was acknowledged`).toEqual(expect.arrayContaining([...kept]));
  const possible = new Set([...before.promised.kept, ...(step?.kept ?? [])]);
  expect(
    ids.filter((id) => !possible.has(id)),
    `${where}: what was forgotten`,
  ).toEqual([]);
  const some = (step?.kept ?? []).filter((id) => ids.includes(id)).length;
  expect([0, step?.kept?.length ?? 0], `${where}: all or nothing`).toContain(some);
  expect([before.answers, after.answers], `${where}: what it says`).toContain(await answersOf(profile));
  const history = await profile.history();
  for (const { number, examples } of history) {
    expect(ids, `${where}: version ${number}`).toEqual(expect.arrayContaining([...examples]));
  }
  const keys = [...disk.values.keys()].filter((key) => !/\/(binding(\.copy)?|head)$/.test(key));
  expect(keys.length, `${where}: nothing lies around: ${keys.join(' ')}`).toBe(ids.length + history.length);
  // And it goes on; some of the deaths tell.
  if (Number(where.split(' ').at(-1)) % 4 !== 0) return;
  await profile.observe(point(9, 9), 'left', { id: 'later' });
  const next = await profile.learn().done;
  expect(next.number, where).toBeGreaterThan(history.at(-1)?.number ?? 0);
  expect([...next.examples].sort(), where).toEqual([...ids, 'later'].sort());
}

/** The tab dies at every `EVERY`th call of a step. */
const EVERY = isLong ? 1 : 3;

describe('a tab that is killed at any call to its store', () => {
  test.each<When>(['before', 'after'])('keeps its promises, killed %s it', async (when) => {
    const steps = await script();
    const moments = await momentsOf(steps);
    let deaths = 0;
    for (const [i, step] of steps.entries()) {
      const [before, after] = [moments[i], moments[i + 1]] as [Moment, Moment];
      for (let call = 1 + (i % EVERY); ; call += EVERY) {
        const left = await deathIn(step, before, call, when);
        if (left === undefined) break;
        deaths++;
        await checkPromises(left, before, after, step, `${step.name} (step ${i}), call ${call}`);
      }
    }
    expect(deaths).toBeGreaterThan(120 / EVERY);
  });

  test('keeps them where it dies again and again while it opens and tidies up', async () => {
    const steps = await script();
    const moments = await momentsOf(steps);
    for (const name of ['forget c', 'import', 'learn']) {
      const i = steps.findLastIndex((step) => step.name === name);
      const [step, before, after] = [steps[i], moments[i], moments[i + 1]] as [Step, Moment, Moment];
      for (let call = 4; ; call += 3 * EVERY) {
        let left = await deathIn(step, before, call, 'after');
        if (left === undefined) break;
        for (let again = 3; again < 20; again += 2) {
          left =
            (await deathIn('open', { ...before, disk: left }, again, again % 4 === 1 ? 'before' : 'after')) ?? left;
        }
        await checkPromises(left, before, after, step, `${name}, call ${call}`);
      }
    }
  });

  test('was told of no example that the store did not have yet', async () => {
    const disk = makeDisk();
    const store = await storeOn(disk);
    const put: typeof store.put = async (key, bytes) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return store.put(key, bytes);
    };
    const profile = await openWith({ ...store, put });
    await profile.observe(point(1, 1), 'left', { id: 'a' });
    expect([...disk.values.keys()].filter((key) => key.endsWith('-a'))).toHaveLength(1);
  });

  test('keeps them from the first opening on', async () => {
    const [moment] = (await momentsOf([])) as [Moment];
    for (const when of ['before', 'after'] as const) {
      for (let call = 1; ; call++) {
        const left = await deathIn('open', { ...moment, disk: makeDisk() }, call, when);
        if (left === undefined) break;
        await checkPromises(left, moment, moment, undefined, `open, call ${call}`);
      }
    }
  });

  test('while it destroys a profile: it is there as it was, or it is new', async () => {
    const moments = await momentsOf(await script());
    const last = moments.at(-1) as Moment;
    const empty = moments[0] as Moment;
    for (let call = 1; ; call++) {
      const left = await deathIn(destroy, last, call, call % 2 === 0 ? 'before' : 'after');
      if (left === undefined) break;
      const isThere = left.values.has('profiles/default/binding');
      await checkPromises(left, isThere ? last : empty, isThere ? last : empty, undefined, `destroy, call ${call}`);
    }
  });
});
