import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, test, vi } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { sha256 } from '../core/hash.ts';
import { seededRandom } from '../core/random.ts';
import { virtualClock } from './cases/clockCases.ts';
import { expectExact } from './cases/exactCases.ts';
import { type Death, flaky, startToy } from './cases/toyCases.ts';
import { loopback } from './transports/loopback.ts';

// The platform computes hashes elsewhere, for which a virtual clock could not wait; the library is loaded before.
beforeEach(async () => {
  vi.stubGlobal('crypto', { randomUUID });
  await sha256(new Uint8Array());
});
afterEach(() => vi.unstubAllGlobals());

describe('nothing counts twice and training ends', () => {
  const death = fc.record({ atCall: fc.integer({ min: 1, max: 150 }), isDone: fc.boolean() });
  const lives = fc.array(fc.record({ death, awayMs: fc.integer({ min: 0, max: 20_000 }) }), { maxLength: 3 });

  test('whenever clients die and come back', async () => {
    const holds = fc.asyncProperty(fc.array(lives, { minLength: 3, maxLength: 5 }), fc.nat(), async (all, seed) => {
      const [clock, federation] = [virtualClock(), loopback()];
      const random = seededRandom(seed);
      const live = async (number: number, deaths: readonly { readonly death: Death; readonly awayMs: number }[]) => {
        const stepMs = () => Math.floor(random() * 3000);
        for (const { death, awayMs } of deaths) {
          const run = startToy({ number, clock, transport: federation.open(), death, stepMs });
          const isOver = await Promise.race([run.done.then(() => true), run.died.then(() => false)]);
          if (isOver) return;
          await clock.sleep(awayMs, new AbortController().signal);
        }
        await startToy({ number, clock, transport: federation.open(), stepMs }).done;
      };
      await clock.run(Promise.all(all.map((deaths, number) => live(number, deaths))));
      await expectExact(federation, all.length);
    });
    await fc.assert(holds, { seed: 20261, numRuns: isLong ? 400 : 12 });
  });

  test('over a transport that fails now and then, before or after it has done what it was asked', async () => {
    const holds = fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 25 }), async (seed, percent) => {
      const [clock, federation] = [virtualClock(), loopback()];
      const random = seededRandom(seed);
      const fails = () => random() * 100 < percent;
      const runs = [0, 1, 2].map((number) => startToy({ number, clock, transport: flaky(federation.open(), fails) }));
      await clock.run(Promise.all(runs.map(({ done }) => done)));
      await expectExact(federation, 3);
    });
    await fc.assert(holds, { seed: 20262, numRuns: isLong ? 200 : 5 });
  });
});
