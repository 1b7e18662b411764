/** The largest batch that a teacher computes at once where memory is short; larger ones are split. */
export const SMALL_TEACHER_BATCH = 4;

/**
 * Why a page should take little memory on this device, as a sentence; undefined where it need not. A page that takes too
 * much is ended there without an error, so nothing can be tried first. To be asked on the page: a worker does not see
 * whether a Mac has a touch screen, which makes it an iPad.
 * Source    WebKit bug 196837 (an iPad tells pages that it is a Mac); W3C Device Memory
 */
export function smallDevice(): string | undefined {
  const {
    userAgent = '',
    maxTouchPoints = 0,
    deviceMemory,
  } = (globalThis.navigator ?? {}) as Partial<Navigator> & {
    /** GiB, rounded to a power of two. Only Chromium tells it, and only on secure pages. */
    readonly deviceMemory?: number;
  };
  const isTablet = /\bMacintosh\b/.test(userAgent) && maxTouchPoints > 1;
  if (/\b(iPhone|iPad|iPod)\b/.test(userAgent) || isTablet) {
    return 'iOS ends pages that take much memory: one thread is used, and batches are small.';
  }
  if (deviceMemory !== undefined && deviceMemory <= 2) {
    return `This device has ${deviceMemory} GiB of memory: one thread is used, and batches are small.`;
  }
  return undefined;
}
