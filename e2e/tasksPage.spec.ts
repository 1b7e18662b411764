// The page of worked examples: a task runs in its worker, tells how far it is, can be stopped, and gives figures, a file and answers.
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { collectErrors, expect, livingWorkers, test } from './fixtures.ts';

const card = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true });

async function open(page: Page, serveDist: () => Promise<string>) {
  await page.goto(`${await serveDist()}/demo/tasks.html`);
  await expect(card(page, 'Foretell a number')).toBeVisible();
}

test('a forest teaches a network, which is offered with its figures; what is stopped leaves nothing behind', async ({
  page,
  serveDist,
}) => {
  const errors = collectErrors(page);
  await open(page, serveDist);
  const search = card(page, 'Search as you type');
  await search.getByRole('button', { name: 'Teach it' }).click();
  await expect(search.getByRole('progressbar')).toBeVisible();
  await expect(card(page, 'Foretell a number').getByRole('button')).toBeDisabled();
  await search.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => livingWorkers(page)).toBe(0);
  await expect(search.getByRole('table')).toHaveCount(0);

  const cars = card(page, 'Foretell a number');
  await cars.getByRole('button', { name: 'Teach it' }).click();
  await expect(cars.getByRole('row')).toHaveCount(4, { timeout: 150_000 });
  const values = (await cars.locator('td.number').allTextContents()).map(Number);
  const [teacher = 0, student = 0, control = 1] = values;
  expect(student).toBeGreaterThan(0.95 * teacher);
  expect(student).toBeGreaterThan(control);
  await expect(cars).toContainText('The student weighs');
  const downloading = page.waitForEvent('download');
  await cars.getByRole('button', { name: /^Download miles-per-gallon\.onnx/ }).click();
  const file = await readFile(await (await downloading).path());
  // An ONNX file begins with the number of its format.
  expect([file[0], file.length > 1000]).toEqual([8, true]);
  expect(errors).toEqual([]);
});

test('a student that learned to search finds what its teacher finds', async ({ page, serveDist }) => {
  test.skip(!isLong, 'Two small towers learn for a minute; LIMBECK_SLOW=1 runs it.');
  await open(page, serveDist);
  const search = card(page, 'Search as you type');
  await search.getByRole('button', { name: 'Teach it' }).click();
  await search.getByLabel('Search for').fill('saw for cutting metal', { timeout: 150_000 });
  await search.getByRole('button', { name: 'Ask both' }).click();
  await expect(search.locator('form section')).toHaveCount(2);
  const [teacher = [], student = []] = await Promise.all(
    (await search.locator('form section').all()).map((section) => section.getByRole('listitem').allInnerTexts()),
  );
  expect(teacher).toHaveLength(5);
  expect(student).toHaveLength(5);
  // What the teacher finds first; the rest of a list is often as good in another order.
  expect(student).toContain(teacher[0]);
});
