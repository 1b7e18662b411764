import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { attempt } from './state.ts';

export interface ActProps {
  readonly onAct: () => Promise<unknown>;
  readonly id?: string;
  readonly class?: string;
  /** What it does, where the text alone does not say it. */
  readonly label?: string;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
}

/** A button whose work is done once at a time; what it throws is shown on the page. */
export function Act({ onAct, label, children, ...rest }: ActProps) {
  const isBusy = useSignal(false);
  const act = async () => {
    if (isBusy.value) return;
    isBusy.value = true;
    await attempt(onAct);
    isBusy.value = false;
  };
  return (
    <button type="button" aria-busy={isBusy.value} aria-label={label} onClick={() => void act()} {...rest}>
      {children}
    </button>
  );
}
