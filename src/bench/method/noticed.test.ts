import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { noticedIn } from './noticed.ts';

const random = seededRandom(9);
const row = (of: (at: number) => number) =>
  Array.from({ length: 80 }, (_, i) => Math.log(of(i / 79) * (1 + 0.03 * random())));
const steady = () => row(() => 10);

describe('noticedIn', () => {
  test('says nothing of a machine that is as it was', () => {
    const said = Array.from({ length: 20 }, () => noticedIn([steady(), steady(), steady()])).flat();
    expect(said.flatMap(({ notices }) => notices)).toEqual([]);
    expect(said.map(({ settledAt }) => settledAt).filter((at) => at > 0)).toHaveLength(0);
  });

  test('tells a machine that becomes slower from one subject that does', () => {
    const [a, b] = noticedIn([row((at) => 10 + 3 * at), row((at) => 20 + 6 * at)]);
    for (const one of [a, b]) expect(one?.notices).toEqual([expect.stringMatching(/^The machine became .* % slower/)]);
    const [own, other, third] = noticedIn([row((at) => 10 + 3 * at), steady(), steady()]);
    expect(own?.notices).toEqual([expect.stringMatching(/^It became .* % slower .* most others did not/)]);
    expect([other?.notices, third?.notices]).toEqual([[], []]);
  });

  test('rounds before a subject had settled are told, whatever the machine did meanwhile', () => {
    const [late, other] = noticedIn([
      row((at) => (at < 0.2 ? 14 : 10) * (1 + 0.2 * at)),
      row((at) => 30 * (1 + 0.2 * at)),
    ]);
    expect(late?.settledAt).toBe(16);
    expect(other?.settledAt).toBe(0);
  });

  test('a subject that never settles is said so', () => {
    const [never] = noticedIn([row((at) => (at < 0.8 ? 20 : 10)), steady()]);
    expect(never).toEqual({ settledAt: 0, notices: [expect.stringMatching(/may never have settled/)] });
  });

  test('rounds that it sat out do not disturb', () => {
    const holes = row((at) => (at < 0.25 ? 15 : 10)).map((log, i) => (i % 4 === 0 ? log : Number.NaN));
    expect(noticedIn([holes, steady()])[0]?.settledAt).toBe(20);
    expect(noticedIn([[], []])).toEqual([
      { settledAt: 0, notices: [] },
      { settledAt: 0, notices: [] },
    ]);
  });
});
