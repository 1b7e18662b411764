import { onScopeDispose, shallowReactive } from 'vue';

/**
 * A run of limbeck's as state: { status: 'idle' | 'running' | 'done' | 'cancelled' | 'failed', event, error }, with `start(run)`
 * and `cancel()`. A scope that ends, such as a component's, cancels its run.
 */
export function useRun() {
  const state = shallowReactive({ status: 'idle', event: undefined, error: undefined });
  let current;
  const cancel = () => current?.cancel();

  async function start(run) {
    cancel();
    current = run;
    // What an older run still tells is not shown.
    const show = (next) => current === run && Object.assign(state, next);
    show({ status: 'running', event: undefined, error: undefined });
    try {
      for await (const event of run) show({ event });
      await run.done;
      show({ status: 'done' });
      return true;
    } catch (error) {
      show(error.name === 'AbortError' ? { status: 'cancelled' } : { status: 'failed', error });
      return false;
    }
  }

  onScopeDispose(cancel);
  return { state, start, cancel };
}
