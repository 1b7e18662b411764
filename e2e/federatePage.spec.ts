// The page where tabs teach one student: they meet without a server, each knows other digits, and one that goes is missed by nobody.
import type { BrowserContext, Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { violationsOn } from './axe.ts';
import { collectErrors, expect, test } from './fixtures.ts';

interface Shown {
  readonly state: string;
  readonly rounds: readonly {
    readonly round: number;
    readonly accuracy?: number;
    readonly contributions: readonly { readonly client: string }[];
  }[];
  readonly error?: { readonly code?: string; readonly message: string };
}

const shownIn = (page: Page) =>
  page.evaluate((): Shown => {
    const { state, rounds, error } = (window as unknown as { limbeckFederate: Shown }).limbeckFederate;
    return { state, rounds, ...(error && { error }) };
  });

async function openTab(context: BrowserContext, url: string) {
  const page = await context.newPage();
  const errors = collectErrors(page);
  // The service worker has tests of its own, and fetches every file.
  await page.goto(`${url}/demo/federate.html?autostart=0`);
  await expect(page.getByRole('button', { name: 'Join' })).toBeEnabled();
  return { page, errors };
}

const checkedDigits = (page: Page) =>
  page
    .locator('#digits label')
    .evaluateAll((labels) =>
      labels.flatMap((label) => (label.querySelector('input')?.checked ? [label.textContent] : [])).join(''),
    );

const join = (page: Page) => page.getByRole('button', { name: 'Join' }).click();

/** Waits until a tab has seen a round to which exactly these have contributed, later than another; gives its number. */
async function roundOf(page: Page, names: readonly string[], after = 0): Promise<number> {
  let found = 0;
  const look = async () => {
    const { rounds, error } = await shownIn(page);
    expect(error).toBeUndefined();
    found =
      rounds.findLast(
        ({ round, contributions }) =>
          round > after && contributions.map(({ client }) => client).join() === names.join(),
      )?.round ?? 0;
    return found;
  };
  await expect.poll(look, { timeout: 90_000 }).toBeGreaterThan(0);
  return found;
}

test('three tabs, each with other digits, teach one student; one leaves, and the others go on', async ({
  context,
  serveDist,
}) => {
  const url = await serveDist();
  const tabs = [await openTab(context, url), await openTab(context, url), await openTab(context, url)] as const;
  const [{ page: first }, { page: second }, { page: third }] = tabs;
  expect(await Promise.all(tabs.map(({ page }) => checkedDigits(page)))).toEqual(['0123', '456', '789']);
  await first.getByRole('combobox', { name: 'Rounds', exact: true }).selectOption('400');
  await join(first);
  await expect(first.getByText(/Waiting for one more/)).toBeVisible();
  // What the others chose does not count: they join what is there.
  await second.getByRole('radio', { name: 'FedMD' }).check();
  await join(second);
  await expect(second.getByText(/Round \d+ of 400/)).toBeVisible({ timeout: 60_000 });
  await join(third);
  const together = await roundOf(first, ['tab-1', 'tab-2', 'tab-3']);
  await third.getByRole('button', { name: 'Leave' }).click();
  await expect(third.getByText('You have left.')).toBeVisible();
  await roundOf(second, ['tab-1', 'tab-2'], together);
  await expect(first.locator('#participants tbody tr')).toHaveCount(3);
  await expect(first.locator('#participants')).toContainText('tab-1 (here)');
  await expect(first.locator('#accuracy figcaption')).toContainText('%');
  expect(await violationsOn(first)).toEqual([]);
  for (const page of [first, second]) {
    await page.getByRole('button', { name: 'Leave' }).click();
    await expect(page.getByText('You have left.')).toBeVisible();
  }
  expect(tabs.flatMap(({ errors }) => errors)).toEqual([]);
});

test('a tab is closed in the middle, and the student reads digits that no tab alone could know', async ({
  context,
  serveDist,
}) => {
  test.skip(!isLong, 'It waits until a tab counts as gone; npm run test:long does.');
  const url = await serveDist();
  const tabs = [await openTab(context, url), await openTab(context, url), await openTab(context, url)] as const;
  const [{ page: first, errors }, { page: second }, { page: third }] = tabs;
  for (const { page } of tabs) await join(page);
  const together = await roundOf(first, ['tab-1', 'tab-2', 'tab-3']);
  await third.close();
  await roundOf(first, ['tab-1', 'tab-2'], together);
  // A new tab takes the seat that is free, and comes in.
  const { page: again } = await openTab(context, url);
  expect(await checkedDigits(again)).toBe('789');
  await join(again);
  for (const page of [first, second, again]) {
    await expect.poll(async () => (await shownIn(page)).state, { timeout: 150_000 }).toBe('done');
  }
  const { rounds } = await shownIn(first);
  expect(rounds.map(({ round }) => round)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  // Four of ten digits are all that a tab alone knows.
  expect(rounds.at(-1)?.accuracy).toBeGreaterThan(0.5);
  expect((await shownIn(again)).rounds.at(-1)?.accuracy).toBe(rounds.at(-1)?.accuracy);

  // Two that begin another at once meet in the same.
  await first.getByRole('radio', { name: 'FedMD' }).check();
  await first.getByRole('combobox', { name: 'Rounds', exact: true }).selectOption('10');
  for (const page of [first, second]) await page.getByRole('button', { name: 'Begin another federation' }).click();
  for (const page of [first, second]) {
    await expect.poll(async () => (await shownIn(page)).state, { timeout: 150_000 }).toBe('done');
    expect((await shownIn(page)).rounds.at(-1)?.contributions).toHaveLength(2);
  }
  expect(errors).toEqual([]);
});

test('what is no address, no credentials, or no server is told, and nothing is asked before', async ({
  page,
  serveDist,
}) => {
  await page.goto(`${await serveDist()}/demo/federate.html`);
  await page.getByRole('radio', { name: 'On a NATS server' }).check();
  const start = page.getByRole('button', { name: 'Join' });
  await expect(start).toBeDisabled();
  await expect(page.getByText(/Give the address of the server/)).toBeVisible();
  for (const text of ['no JSON', 'null', '[]', '{"servers":["nats://localhost:4222"],"federation":"a"}']) {
    await page.locator('#credentials').setInputFiles({ name: 'x.json', mimeType: '', buffer: Buffer.from(text) });
    await expect(page.locator('#error')).toContainText('holds no credentials');
  }
  const given = { servers: ['nats://h:1', 'ws://127.0.0.1:9'], federation: 'ward', user: 'bed-1', seed: 'SUX' };
  const file = { name: 'bed-1.json', mimeType: '', buffer: Buffer.from(JSON.stringify(given)) };
  await page.locator('#credentials').setInputFiles(file);
  await expect(page.getByText('bed-1, in “ward”')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('SUX');
  await page.getByRole('button', { name: 'Forget the credentials' }).click();
  await page.getByRole('textbox', { name: 'Address' }).fill('ws://127.0.0.1:9');
  await start.click();
  await expect(page.locator('#error')).toContainText('nats-unreachable', { timeout: 60_000 });
  await expect(start).toBeEnabled();
});
