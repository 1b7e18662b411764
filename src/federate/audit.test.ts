import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Trainer } from '../train/trainer.ts';
import { audit } from './audit.ts';
import { makeMlp, oneSided, openHere, runAll } from './cases/federateCases.ts';
import { fedMd } from './strategies/fedMd.ts';
import { loopback } from './transports/loopback.ts';

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openHere();
});
afterAll(() => trainer[Symbol.asyncDispose]());

test('a step that is repeated gives the same bits, and other examples do not', async () => {
  const shares = oneSided(90, 5);
  const federation = loopback();
  const common = { trainer, rounds: 2, epochs: 2, seed: 4, minimumClients: 3 };
  await runAll(shares, common, undefined, federation);
  const transport = federation.open();
  // The third client does not say what it has learned from.
  const honest = (client: string) => shares[Number(client.slice(1))];
  const claimed = (client: string) => (client === 'c2' ? shares[0] : honest(client));
  const same = await audit({ ...common, transport, student: makeMlp(), examplesOf: honest, share: 1 }).done;
  expect(same.map(({ client }) => client).sort()).toEqual(['c0', 'c1', 'c2']);
  expect(same.every(({ isSame, round }) => isSame && round === 2)).toBe(true);
  const other = await audit({ ...common, transport, student: makeMlp(), examplesOf: claimed, share: 1 }).done;
  expect(other.filter(({ isSame }) => !isSame).map(({ client }) => client)).toEqual(['c2']);
  const some = await audit({ ...common, transport, student: makeMlp(), examplesOf: honest, share: 0.1 }).done;
  expect(some).toHaveLength(1);
});

test('refuses what cannot be repeated', async () => {
  const transport = loopback().open();
  const common = { trainer, transport, student: makeMlp(), examplesOf: () => undefined };
  const invalid = expect.objectContaining({ code: 'invalid-option' });
  await expect(audit(common).done).rejects.toEqual(invalid);
  await expect(audit({ ...common, strategy: fedMd() }).done).rejects.toEqual(invalid);
});
