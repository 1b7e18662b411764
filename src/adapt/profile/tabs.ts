/** What one tab tells the others about a profile: it changed, an example was forgotten, it was destroyed. */
export type TabMessage = 'changed' | 'forgot' | 'destroyed';

/** The other tabs and workers that have the same profile open. */
export interface Tabs {
  /** Whether they can be heard; if not, each call has to check the store. */
  readonly canHear: boolean;
  tell(message: TabMessage): void;
  close(): void;
}

/** `onReturn`: the page comes back from the page cache, where it heard nothing. */
export function openTabs(name: string, onMessage: (message: TabMessage) => void, onReturn = () => {}): Tabs {
  const { addEventListener, removeEventListener } = globalThis as Partial<typeof globalThis>;
  const onShow = (event: Event) => (event as PageTransitionEvent).persisted && onReturn();
  addEventListener?.('pageshow', onShow);
  const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name);
  if (channel !== undefined) channel.onmessage = ({ data }: MessageEvent<TabMessage>) => onMessage(data);
  // In Node an open channel would keep the process alive.
  (channel as { unref?: () => void } | undefined)?.unref?.();
  return {
    canHear: channel !== undefined,
    tell: (message) => channel?.postMessage(message),
    close() {
      removeEventListener?.('pageshow', onShow);
      channel?.close();
    },
  };
}
