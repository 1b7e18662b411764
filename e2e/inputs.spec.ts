import { bundle, expect, test } from './fixtures.ts';
import type { inputResults } from './pages/inputs.ts';

/** Runs one function of e2e/pages/inputs.ts in a page that has the built package. */
type Results = { [Name in keyof typeof inputResults]: Awaited<ReturnType<(typeof inputResults)[Name]>> };

for (const [name, check] of Object.entries<(results: never) => void>({
  sounds: ({ same, resampled, decoded, length }: Results['sounds']) => {
    // A WAV file, an AudioBuffer and samples in memory: bit for bit the same.
    expect(same).toEqual([0, 0]);
    expect(resampled).toEqual([0, 0]);
    // The browser's own decoder may take the largest 16-bit number for 1.
    expect(decoded).toBeLessThan(1e-4);
    expect(length).toBe(800);
  },
  'files of other kinds': ({ loud, quiet, code }: Results['files of other kinds']) => {
    expect(loud).toBeCloseTo(0.98, 2);
    expect(quiet).toBeCloseTo(0, 3);
    expect(code).toBe('audio-unreadable');
  },
  pictures: ({ differences, contain, cover, code }: Results['pictures']) => {
    for (const difference of differences) expect(difference).toBeLessThan(0.02);
    expect(contain).toEqual(['0000', '1111', '1111', '0000']);
    expect(cover).toEqual(['1100', '1100', '1100', '1100']);
    expect(code).toBe('empty-image');
  },
  texts: ({ ids, mask }: Results['texts']) => {
    expect(ids).toEqual([1, 2, 0, 3, 0, 0]);
    expect(mask).toEqual([1, 1, 0, 1, 0, 0]);
  },
})) {
  test(`the dataset's ${name}, in a browser`, async ({ page, serveDist }) => {
    const body = await bundle('pages/inputs.ts');
    const url = await serveDist({ extra: { '/inputs.js': { type: 'text/javascript', body } } });
    await page.goto(`${url}/empty.html`);
    const result = await page.evaluate(async (wanted) => {
      const script = '/inputs.js';
      const { inputResults } = (await import(script)) as { inputResults: Record<string, () => Promise<unknown>> };
      return inputResults[wanted]?.();
    }, name);
    check(result as never);
  });
}
