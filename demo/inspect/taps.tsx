import { useSignal } from '@preact/signals';
import type { OnnxLength, TensorTap } from 'limbeck';
import { useEffect } from 'preact/hooks';
import { Card } from '../frame/parts.tsx';
import type { PlainError } from '../frame/plainError.ts';
import { toast } from '../frame/toasts.tsx';
import { call, type OpenModel, readers, taps } from './session.ts';

/** The values that are to become outputs, whether they can, and the code that makes them so. */
export function Taps({ model }: { readonly model: OpenModel }) {
  const isCut = useSignal(false);
  /** Undefined while the package is asked. */
  const verdict = useSignal<'fine' | PlainError | undefined>(undefined);
  const wanted = taps.value;
  const refused = typeof verdict.value === 'object' ? verdict.value : undefined;
  useEffect(() => {
    let isCurrent = true;
    verdict.value = undefined;
    if (wanted.length > 0) {
      void call(({ findTaps }) => findTaps(wanted, isCut.value)).then((answer) => {
        if (isCurrent) verdict.value = 'error' in answer ? answer.error : 'fine';
      });
    }
    return () => {
      isCurrent = false;
    };
  }, [wanted, isCut.value, model.key, readers.value]);
  const code = codeOf(model.description.name, wanted, isCut.value);
  return (
    <Card id="taps" title="Taps">
      {wanted.length === 0 ? (
        <p class="hint">
          Tapped values become outputs of the teacher: features for a loss, or logits before a softmax.
        </p>
      ) : (
        <>
          <ul class="tapped">
            {wanted.map((tap) => (
              <Tapped key={tap.tensor} tap={tap} hint={hintFor(model, tap.tensor)} />
            ))}
          </ul>
          <div class="field check">
            <input
              id="until"
              type="checkbox"
              checked={isCut.value}
              onChange={({ currentTarget }) => {
                isCut.value = currentTarget.checked;
              }}
            />
            <label for="until">Cut away what lies behind</label>
          </div>
          <div role="status">
            {refused ? (
              <p class="refused">
                {refused.message} <code>{refused.code ?? refused.name}</code>
              </p>
            ) : (
              <p class="detail">{verdict.value ? 'They can be tapped.' : 'Asking whether they can be tapped'}</p>
            )}
          </div>
          {verdict.value === 'fine' && (
            <>
              <pre class="code">
                <code>{code}</code>
              </pre>
              <button type="button" class="small" onClick={() => void copy(code)}>
                Copy the code
              </button>
            </>
          )}
        </>
      )}
    </Card>
  );
}

function Tapped({ tap, hint }: { tap: TensorTap; hint: string | undefined }) {
  const change = (next: TensorTap | undefined) => {
    taps.value = taps.value.flatMap((one) => (one.tensor !== tap.tensor ? one : (next ?? [])));
  };
  return (
    <li>
      <b>{tap.tensor}</b>
      <button type="button" class="small" aria-label={`Remove the tap ${tap.tensor}`} onClick={() => change(undefined)}>
        ×
      </button>
      <input
        type="text"
        aria-label={`Name for ${tap.tensor}`}
        placeholder="a name of your own"
        value={tap.name ?? ''}
        // At each key: an answer of the worker draws the list again, and a name that only the field has would be lost.
        onInput={({ currentTarget: { value } }) =>
          change(value === '' ? { tensor: tap.tensor } : { ...tap, name: value })
        }
      />
      {hint && <small>{hint}</small>}
    </li>
  );
}

/** What of a shape a loss would stumble over. */
function hintFor({ description, graph }: OpenModel, tensor: string): string | undefined {
  const found = graph.nodes.flatMap(({ outputs }) => outputs).find(({ name }) => name === tensor);
  const batch = description.inputs[0]?.shape?.[0];
  if (found?.dtype !== undefined && found.dtype !== null && !/^b?float/.test(found.dtype)) {
    return `It holds ${found.dtype}, and losses compare floats.`;
  }
  const first: OnnxLength | undefined = found?.shape?.[0];
  if (batch === undefined || typeof batch === 'number' || first === batch) return undefined;
  return first === undefined || first === null
    ? undefined
    : 'Its first axis is not the batch, which losses expect there.';
}

function codeOf(file: string, wanted: readonly TensorTap[], isCut: boolean): string {
  const texts = wanted.map(({ tensor, name }) =>
    name === undefined ? quoted(tensor) : `{ tensor: ${quoted(tensor)}, name: ${quoted(name)} }`,
  );
  const list = texts.length === 1 ? texts.join('') : `\n    ${texts.join(',\n    ')},\n  `;
  const cut = isCut ? '\n  untilTaps: true,' : '';
  return `const teacher = await loadTeacher(${quoted(`/models/${file}`)}, {\n  taps: [${list}],${cut}\n}).done;`;
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

async function copy(code: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(code);
    toast('The code is on the clipboard.');
  } catch {
    toast('The browser did not allow it; select the code and copy it.');
  }
}
