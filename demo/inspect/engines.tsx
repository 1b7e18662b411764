import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { countOf, duration, UNKNOWN } from '../format.ts';
import { Card, Table, Working } from '../frame/parts.tsx';
import { amount, operatorFacts } from './facts.ts';
import type { OpenModel } from './session.ts';
import { type Engine, tryEngine, type Verdict } from './tryEngine.ts';

const NAMES = { wasm: 'onnxruntime', kernels: 'limbeck’s kernels' } as const;
const ENGINES = Object.keys(NAMES) as Engine[];

/** The operators, and which engine runs the model here: both are tried, because only that is certain. */
export function Engines({ model }: { readonly model: OpenModel }) {
  const verdicts = useSignal<Partial<Record<Engine, Verdict>>>({});
  const busy = useSignal<Engine | undefined>(undefined);
  const controller = useRef<AbortController | null>(null);
  const rows = useComputed(() => operatorFacts(model.description));
  useEffect(() => () => controller.current?.abort(), []);

  const tryAll = async () => {
    const mine = new AbortController();
    controller.current = mine;
    verdicts.value = {};
    for (const engine of ENGINES) {
      busy.value = engine;
      const verdict = await tryEngine(engine, model, mine.signal);
      if (mine.signal.aborted) break;
      verdicts.value = { ...verdicts.value, [engine]: verdict };
    }
    if (controller.current === mine) busy.value = undefined;
  };
  const stop = () => {
    controller.current?.abort();
    busy.value = undefined;
  };

  return (
    <Card id="operators" title="Operators and engines">
      {busy.value ? (
        <Working stage={`Trying ${NAMES[busy.value]}`} fraction={undefined} onCancel={stop} />
      ) : (
        <div class="buttons">
          <button type="button" onClick={() => void tryAll()}>
            Try both engines here
          </button>
        </div>
      )}
      <div role="status">
        <ul class="verdicts">
          {ENGINES.map((engine) => {
            const verdict = verdicts.value[engine];
            return (
              verdict && (
                <li key={engine} class={verdict.kind}>
                  {sentenceFor(engine, verdict)}
                </li>
              )
            );
          })}
        </ul>
      </div>
      <Table label="Operators" class="operators">
        <thead>
          <tr>
            <th scope="col">Operator</th>
            <th scope="col" class="number">
              Nodes
            </th>
            <th scope="col" class="number">
              Multiply-adds
            </th>
            {ENGINES.map((engine) => (
              <th key={engine} scope="col">
                {NAMES[engine]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.value.map(({ name, nodes, multiplyAdds }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="number">{nodes}</td>
              <td class="number">{multiplyAdds === 0 ? '' : amount(multiplyAdds)}</td>
              {ENGINES.map((engine) => (
                <td key={engine}>{cellFor(name, verdicts.value[engine])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </Card>
  );
}

function sentenceFor(engine: Engine, { kind, ms, threads = 1, why }: Verdict): string {
  const name = NAMES[engine];
  if (kind === 'refused') return `${name}: no. ${why}`;
  if (kind === 'opened') return `${name}: opens it. ${why}`;
  return `${name}: runs it, ${duration(ms)} for one example on ${countOf(threads, 'thread')}.`;
}

/** An engine that refuses a model names the operators that it does not have. */
function cellFor(operator: string, verdict: Verdict | undefined): string {
  if (verdict === undefined) return UNKNOWN;
  if (verdict.kind !== 'refused') return verdict.kind === 'runs' ? 'runs' : 'opens';
  const own = operator.split(':').at(-1) as string;
  const isNamed = new RegExp(`(^|[^\\w])${own.replace(/\W/g, '\\$&')}([^\\w]|$)`).test(verdict.why ?? '');
  return isNamed ? 'not here' : UNKNOWN;
}
