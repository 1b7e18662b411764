import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { countOf } from '../format.ts';
import { Field } from '../frame/parts.tsx';
import type { GraphNode } from './graphOf.ts';
import { chosen, type OpenModel } from './session.ts';

/** The height of a row in pixels; the style sheet has the same. */
const ROW = 36;
const MORE = 8;

/** Every node as a row. Only the rows in sight are on the page, so that a model may have any number of them. */
export function NodeList({ model }: { readonly model: OpenModel }) {
  const { nodes } = model.graph;
  const wanted = useSignal('');
  const top = useSignal(0);
  const box = useRef<HTMLDivElement>(null);
  const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = nodes.flatMap((node, i) => (words.every((word) => textOf(node).includes(word)) ? [i] : []));
  const at = rows.indexOf(chosen.value?.node ?? -1);
  const height = box.current?.clientHeight ?? 480;
  const first = Math.max(0, Math.floor(top.value / ROW) - MORE);
  const last = Math.min(rows.length, Math.ceil((top.value + height) / ROW) + MORE);

  useEffect(() => {
    const { current: list } = box;
    if (list === null || at < 0) return;
    if (at * ROW < list.scrollTop) list.scrollTop = at * ROW;
    if ((at + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (at + 1) * ROW - list.clientHeight;
  }, [at]);

  const choose = (row: number) => {
    const node = rows[Math.min(rows.length - 1, Math.max(0, row))];
    if (node !== undefined) chosen.value = { node, value: nodes[node]?.outputs[0]?.name ?? '' };
  };
  return (
    <>
      <Field id="find" label="Find" hint={`${countOf(rows.length, 'node')} of ${nodes.length}`}>
        <input
          id="find"
          type="text"
          placeholder="an operator, a value or a shape"
          value={wanted.value}
          onInput={({ currentTarget }) => {
            wanted.value = currentTarget.value;
            if (box.current) box.current.scrollTop = 0;
          }}
        />
      </Field>
      <div
        ref={box}
        class="nodes"
        role="listbox"
        tabIndex={0}
        aria-label="Nodes in the file’s order"
        aria-activedescendant={at >= first && at < last ? `row-${rows[at]}` : undefined}
        onScroll={({ currentTarget }) => {
          top.value = currentTarget.scrollTop;
        }}
        onKeyDown={(event) => {
          const page = Math.max(1, Math.floor(height / ROW) - 1);
          const steps = {
            ArrowDown: 1,
            ArrowUp: -1,
            PageDown: page,
            PageUp: -page,
            Home: -rows.length,
            End: rows.length,
          };
          const step = steps[event.key as keyof typeof steps];
          if (step === undefined) return;
          event.preventDefault();
          choose(at < 0 && step === 1 ? 0 : at + step);
        }}
      >
        <div class="all" role="presentation" style={{ height: `${rows.length * ROW}px` }}>
          {rows.slice(first, last).map((node, i) => (
            <Row
              key={node}
              node={nodes[node] as GraphNode}
              index={node}
              at={first + i}
              of={rows.length}
              isChosen={first + i === at}
              onChoose={choose}
            />
          ))}
        </div>
      </div>
    </>
  );
}

interface RowProps {
  readonly node: GraphNode;
  readonly index: number;
  readonly at: number;
  readonly of: number;
  readonly isChosen: boolean;
  readonly onChoose: (row: number) => void;
}

function Row({ node, index, at, of, isChosen, onChoose }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list has the keys
    <div
      id={`row-${index}`}
      class={`row ${node.kind}`}
      role="option"
      tabIndex={-1}
      aria-selected={isChosen}
      aria-posinset={at + 1}
      aria-setsize={of}
      style={{ top: `${at * ROW}px` }}
      onClick={() => onChoose(at)}
    >
      <b>{node.kind === 'operator' ? node.title : node.kind}</b>
      <span class="value">
        {node.within !== '' && <i>{node.within} · </i>}
        {node.outputs.map(({ name }) => name).join(', ')}
      </span>
      <span class="shape">{node.about}</span>
    </div>
  );
}

const texts = new WeakMap<GraphNode, string>();

function textOf(node: GraphNode): string {
  const known = texts.get(node);
  if (known !== undefined) return known;
  const { kind, title, name, about, outputs } = node;
  const text = [kind, title, name, about, ...outputs.map((one) => `${one.name} ${one.dtype}`)].join(' ').toLowerCase();
  texts.set(node, text);
  return text;
}
