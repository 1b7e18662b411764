// Every page of the demo: accessible in both themes and on a phone, without a request to anybody else, an error on the
// console or an answer 404, and with every control in reach of the keyboard.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { violationsOn } from './axe.ts';
import { collectErrors, expect, test } from './fixtures.ts';

const PAGES = readdirSync(fileURLToPath(new URL('../demo', import.meta.url))).filter((name) => name.endsWith('.html'));
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

/** Opens a page and waits until it has found out what there is to show. */
async function open(page: Page, address: string) {
  await page.goto(address);
  await page.waitForFunction(() => document.documentElement.dataset['state'] !== 'opening');
  await expect(page.locator('#masthead nav')).toBeVisible();
}

/** Requests to other hosts, which are refused, and answers that are no success. */
async function watchNetwork(page: Page, url: string) {
  const strays: string[] = [];
  const failures: string[] = [];
  const isOwn = (address: string) => address.startsWith(`${url}/`) || /^(blob|data):/.test(address);
  await page.context().route(
    ({ href }) => !isOwn(href),
    (route) => route.abort(),
  );
  page.context().on('request', (request) => {
    if (!isOwn(request.url())) strays.push(request.url());
  });
  page.context().on('response', (response) => {
    if (response.status() >= 400) failures.push(`${response.status()} ${response.url()}`);
  });
  return { strays, failures };
}

for (const name of PAGES) {
  test(`${name}: axe finds nothing, light and dark, on a desktop and a phone`, async ({ page, serveDist }) => {
    const url = await serveDist();
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await open(page, `${url}/demo/${name}`);
      // Media queries choose the theme, so a page that is open changes it.
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        expect(await violationsOn(page), `${colorScheme}, ${size}`).toEqual([]);
        const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(tooWide, `${colorScheme}, ${size}: pixels beyond the edge`).toBeLessThanOrEqual(0);
      }
    }
  });

  test(`${name}: asks nobody else, finds every file, says nothing on the console`, async ({ page, serveDist }) => {
    const url = await serveDist();
    const errors = collectErrors(page);
    const { strays, failures } = await watchNetwork(page, url);
    await open(page, `${url}/demo/${name}`);
    await expect(page.locator('#offline')).toContainText('without a network');
    expect(strays).toEqual([]);
    expect(failures).toEqual([]);
    expect(errors).toEqual([]);
    // A stray request would have been seen.
    await page.evaluate(() => fetch('http://other.example/x').catch(() => undefined));
    expect(strays).toEqual(['http://other.example/x']);
  });

  test(`${name}: the keyboard reaches every control, and one sees where it is`, async ({ page, serveDist }) => {
    await open(page, `${await serveDist()}/demo/${name}`);
    const wanted = await page.evaluate(() => {
      const all = document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary, [tabindex="0"]');
      const usable = [...all].filter(
        (one) => one.checkVisibility() && !one.matches(':disabled, [type="radio"]:not(:checked)'),
      );
      for (const [i, one] of usable.entries()) one.dataset['seat'] = String(i);
      return usable.map((one) => one.outerHTML.slice(0, 120));
    });
    expect(wanted.length).toBeGreaterThan(4);
    const reached = new Set<string>();
    const unseen = new Set<string>();
    for (let i = 0; i < wanted.length + 5; i++) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => {
        const { activeElement: here } = document;
        if (!(here instanceof HTMLElement) || here === document.body) return undefined;
        // A control that is drawn by its label shows the focus there.
        const shown = [here, here.parentElement, here.nextElementSibling].filter((one) => one instanceof Element);
        const isSeen = shown.some((one) => getComputedStyle(one as Element).outlineStyle !== 'none');
        return { seat: here.dataset['seat'], isSeen, html: here.outerHTML.slice(0, 120) };
      });
      if (at?.seat !== undefined) reached.add(at.seat);
      if (at && !at.isSeen) unseen.add(at.html);
    }
    expect(wanted.filter((_, i) => !reached.has(String(i)))).toEqual([]);
    expect([...unseen]).toEqual([]);
  });
}
