import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { cureOf } from './cures.ts';
import type { PlainError } from './plainError.ts';

export interface ErrorBoxProps {
  readonly error: PlainError | undefined;
  /** Default 'That did not work'. */
  readonly title?: string;
  /** What a person can press. */
  readonly children?: ComponentChildren;
}

/** Says what went wrong, and what the documentation says about its code. Always on the page, so that screen readers hear it. */
export function ErrorBox({ error, title = 'That did not work', children }: ErrorBoxProps) {
  const cure = useSignal<string | undefined>(undefined);
  const code = error?.code;
  useEffect(() => {
    let isCurrent = true;
    cure.value = undefined;
    if (code !== undefined) {
      void cureOf(code).then((found) => {
        if (isCurrent) cure.value = found;
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [code]);
  return (
    <div id="error" role="alert">
      {error && (
        <div class="error">
          <h2>{title}</h2>
          <p>{error.message}</p>
          {cure.value && <p class="cure">{cure.value}</p>}
          {children}
          <p class="code">
            Code: <code>{code ?? error.name}</code>
          </p>
        </div>
      )}
    </div>
  );
}
