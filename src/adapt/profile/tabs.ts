/** What one tab tells the others about a profile: something changed, an example was forgotten, all of it is gone. */
export type TabMessage = 'changed' | 'forgot' | 'destroyed';

/** The other tabs and workers that have the same profile open. */
export interface Tabs {
  /** Whether they can be heard; where not, each call has to look itself. */
  readonly canHear: boolean;
  tell(message: TabMessage): void;
  close(): void;
}

export function openTabs(name: string, onMessage: (message: TabMessage) => void): Tabs {
  if (typeof BroadcastChannel === 'undefined') return { canHear: false, tell: () => undefined, close: () => undefined };
  const channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => onMessage(data);
  // In Node an open channel would keep the process alive.
  (channel as { unref?: () => void }).unref?.();
  return { canHear: true, tell: (message) => channel.postMessage(message), close: () => channel.close() };
}
