import { bundle, callsOf, collectErrors, expect, test } from './fixtures.ts';

type Tab = typeof import('./pages/federate.ts');

const PAGE = '/federate.js';

const call = callsOf<Tab>(PAGE);

test('tabs of one machine teach one student, and one that is closed is missed by nobody', async ({
  context,
  serveDist,
}) => {
  const url = await serveDist({
    extra: { [PAGE]: { type: 'text/javascript', body: await bundle('pages/federate.ts') } },
  });
  const open = async () => {
    const page = await context.newPage();
    const errors = collectErrors(page);
    await page.goto(`${url}/empty.html`);
    return { page, errors };
  };
  const tabs = [await open(), await open(), await open()];
  const common = { federation: 'tabs', rounds: 6, minimumClients: 2 };
  const runs = tabs.map(({ page }, own) => call(page, 'takePart', { ...common, client: `tab-${own}`, own }));
  // One tab is closed in the middle, without a good-bye.
  const [, , third] = tabs;
  if (third === undefined) throw new Error('there are three tabs');
  await expect
    .poll(async () => (await call(third.page, 'events')).some(({ type }) => type === 'sent'), { timeout: 60_000 })
    .toBe(true);
  runs[2]?.catch(() => undefined);
  await third.page.close();
  const [one, other] = await Promise.all(runs.slice(0, 2));
  expect(one?.weights).toBe(other?.weights);
  expect(one?.rounds).toHaveLength(6);
  for (const { clients } of one?.rounds ?? []) {
    expect(new Set(clients).size).toBe(clients.length);
    expect(clients.length).toBeGreaterThanOrEqual(2);
  }
  expect(one?.rounds.at(-1)?.clients).toEqual(['tab-0', 'tab-1']);
  expect(one?.rounds.at(-1)?.accuracy ?? 0).toBeGreaterThan(0.6);
  // Who comes when all is over gets what they have learned.
  const late = await open();
  const after = await call(late.page, 'takePart', { ...common, client: 'tab-3', own: 2 });
  expect(after.weights).toBe(one?.weights);
  expect([...(tabs[0]?.errors ?? []), ...(tabs[1]?.errors ?? []), ...late.errors]).toEqual([]);
});
