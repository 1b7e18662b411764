import { useComputed } from '@preact/signals';
import type { OnnxTensorDescription } from 'limbeck';
import { count } from '../format.ts';
import { Card } from '../frame/parts.tsx';
import { shapeText } from './facts.ts';
import { type GraphNode, storedIn } from './graphOf.ts';
import { type Chosen, chosen, type OpenModel, taps } from './session.ts';

/** What was chosen: a node, what it gives and reads, and one of these values. */
export function ValueCard({ model, at }: { readonly model: OpenModel; readonly at: Chosen | undefined }) {
  const node = at && model.graph.nodes[at.node];
  if (at === undefined || node === undefined) {
    return (
      <Card id="value" title="A value">
        <p class="hint">
          Choose a box of the graph or a row of the list: its values, their shapes, and how to tap them.
        </p>
      </Card>
    );
  }
  const isTapped = taps.value.some(({ tensor }) => tensor === at.value);
  return (
    <Card id="value" title={node.kind === 'operator' ? node.title : `${node.kind} ${node.title}`}>
      {node.kind === 'operator' && (
        <p class="detail">
          {node.name && <code>{node.name}</code>} {node.within && `in ${node.within} `}
          {node.multiplyAdds ? `${count(node.multiplyAdds)} multiply-adds` : ''}
        </p>
      )}
      {node.kind !== 'output' && <Values title="Gives" values={node.outputs} node={at.node} at={at} />}
      {node.inputs.length > 0 && <Reads key={model.key} model={model} node={node} index={at.node} at={at} />}
      {at.value !== '' && (
        <button
          type="button"
          class="small"
          disabled={isTapped}
          onClick={() => {
            taps.value = [...taps.value, { tensor: at.value }];
          }}
        >
          {isTapped ? 'It is among the taps' : 'Tap this value'}
        </button>
      )}
    </Card>
  );
}

function Values({
  title,
  values,
  node,
  at,
}: {
  title: string;
  values: readonly OnnxTensorDescription[];
  node: number;
  at: Chosen;
}) {
  return (
    <>
      <h3>{title}</h3>
      <ul class="values">
        {values.map(({ name, dtype, shape }) => (
          <li key={name}>
            <button type="button" class="pick" aria-pressed={at.value === name} onClick={() => pick(node, name)}>
              <span>{name}</span>
              <small>
                {dtype ?? '?'} {shapeText(shape)}
              </small>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function pick(node: number, value: string): void {
  chosen.value = { node, value };
}

/** Values lead to what gives them; weights and constants only say what they are. */
function Reads({ model, node, index, at }: { model: OpenModel; node: GraphNode; index: number; at: Chosen }) {
  const { nodes, edges } = model.graph;
  const kept = useComputed(() => storedIn(model.description));
  return (
    <>
      <h3>Reads</h3>
      <ul class="values">
        {node.inputs.map((name, i) => {
          const edge = edges.find((one) => one.to === index && one.value === name);
          const maker = edge && nodes[edge.from];
          const tensor = maker?.outputs.find((one) => one.name === name);
          const stored = kept.value.get(name);
          const key = `${i} ${name}`;
          if (name === '')
            return (
              <li key={key} class="hint">
                left out
              </li>
            );
          if (edge === undefined || tensor === undefined) {
            return (
              <li key={key} class="stored">
                <span>{name}</span>
                <small>
                  {stored ? `stored, ${stored.dtype ?? '?'} ${shapeText(stored.shape)}` : 'from around, or unknown'}
                </small>
              </li>
            );
          }
          return (
            <li key={key}>
              <button type="button" class="pick" aria-pressed={at.value === name} onClick={() => pick(edge.from, name)}>
                <span>{name}</span>
                <small>
                  {tensor.dtype ?? '?'} {shapeText(tensor.shape)}
                </small>
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}
