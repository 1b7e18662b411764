/**
 * Watches the page's main thread. Where the browser tells long tasks (Chromium), the longest one counts; elsewhere,
 * and below the 50 ms from which a task is called long, the longest delay of a heartbeat stands for it.
 */
export function watchMainThread(): { stop(): number } {
  const BEAT_MS = 10;
  let longestTask = 0;
  let longestDelay = 0;
  let last = performance.now();
  const beat = setInterval(() => {
    const now = performance.now();
    longestDelay = Math.max(longestDelay, now - last - BEAT_MS);
    last = now;
  }, BEAT_MS);
  const tellsTasks = PerformanceObserver.supportedEntryTypes?.includes('longtask') === true;
  const observer = tellsTasks
    ? new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) longestTask = Math.max(longestTask, entry.duration);
      })
    : undefined;
  observer?.observe({ entryTypes: ['longtask'] });
  return {
    stop() {
      clearInterval(beat);
      for (const entry of observer?.takeRecords() ?? []) longestTask = Math.max(longestTask, entry.duration);
      observer?.disconnect();
      // A heartbeat is late for other reasons too; a page without a long task has none above 50 ms.
      return tellsTasks ? Math.max(longestTask, Math.min(longestDelay, 50)) : longestDelay;
    },
  };
}
