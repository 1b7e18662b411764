import { useCallback, useEffect, useRef, useState } from 'react';

/**
 * A run of limbeck's as state: { status: 'idle' | 'running' | 'done' | 'cancelled' | 'failed', event, error }, with `start(run)`
 * and `cancel()`. A component that goes away cancels its run.
 */
export function useRun() {
  const [state, setState] = useState({ status: 'idle' });
  const current = useRef(undefined);
  const cancel = useCallback(() => current.current?.cancel(), []);

  const start = useCallback(async (run) => {
    current.current?.cancel();
    current.current = run;
    // What an older run still tells is not shown.
    const show = (next) => current.current === run && setState(next);
    show({ status: 'running' });
    try {
      for await (const event of run) show({ status: 'running', event });
      await run.done;
      show({ status: 'done' });
      return true;
    } catch (error) {
      show(error.name === 'AbortError' ? { status: 'cancelled' } : { status: 'failed', error });
      return false;
    }
  }, []);

  useEffect(() => cancel, [cancel]);
  return { ...state, start, cancel };
}
