import type { Page } from '@playwright/test';

/** Ends a page abruptly: closed without unload events, or by a crash of its process. */
export async function kill(page: Page, how: 'close' | 'crash'): Promise<void> {
  if (how === 'close') {
    await page.close({ runBeforeUnload: false });
    return;
  }
  const crashed = page.waitForEvent('crash');
  const session = await page.context().newCDPSession(page);
  // The page dies before it can answer.
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}
