/**
 * Watches the page's main thread. If the browser reports long tasks (Chromium), the longest counts; elsewhere, and
 * below the 50 ms of a long task, the longest delay of a heartbeat counts.
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
      // A heartbeat may be late for other reasons; a page without long tasks has no task above 50 ms.
      return tellsTasks ? Math.max(longestTask, Math.min(longestDelay, 50)) : longestDelay;
    },
  };
}
