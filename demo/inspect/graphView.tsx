import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type Box, type Drawing, type Line, MOST_LETTERS } from './drawGraph.ts';
import type { GraphNode } from './graphOf.ts';
import { chosen, type OpenModel } from './session.ts';

export interface GraphViewProps {
  readonly model: OpenModel;
  readonly drawn: Drawing;
}

interface Window {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const LEAST_ZOOM = 0.05;
const MOST_ZOOM = 2;
/** Smaller letters cannot be read, and a thousand of them are slow to draw. */
const LEAST_LEGIBLE = 0.4;
/** What is drawn beyond the edges, in pixels of the screen. */
const MARGIN = 200;

/** The graph as boxes and lines. It scrolls; only what is in sight is on the page. */
export function GraphView({ model, drawn }: GraphViewProps) {
  const { nodes, edges } = model.graph;
  const zoom = useSignal(1);
  const seen = useSignal<Window>({ left: 0, top: 0, right: 1200, bottom: 900 });
  const place = useRef<HTMLDivElement>(null);
  const boxes = useComputed(() => drawn.boxes.filter((box) => isSeen(box, seen.value)));
  const lines = useComputed(() => drawn.lines.filter(({ points }) => isCrossed(points, seen.value)));
  const at = chosen.value;

  const look = () => {
    const { current: box } = place;
    if (box === null) return;
    const scale = zoom.value;
    seen.value = {
      left: (box.scrollLeft - MARGIN) / scale,
      top: (box.scrollTop - MARGIN) / scale,
      right: (box.scrollLeft + box.clientWidth + MARGIN) / scale,
      bottom: (box.scrollTop + box.clientHeight + MARGIN) / scale,
    };
  };
  const setZoom = (next: number) => {
    const { current: box } = place;
    if (box === null) return;
    const before = zoom.value;
    const scale = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, next));
    const [x, y] = [(box.scrollLeft + box.clientWidth / 2) / before, (box.scrollTop + box.clientHeight / 2) / before];
    zoom.value = scale;
    requestAnimationFrame(() => {
      box.scrollTo(x * scale - box.clientWidth / 2, y * scale - box.clientHeight / 2);
      look();
    });
  };

  useEffect(() => {
    const { current: box } = place;
    if (box === null) return;
    box.scrollLeft = (drawn.boxes[0]?.x ?? 0) - box.clientWidth / 2;
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(box);
    return () => watcher.disconnect();
  }, [drawn]);
  useEffect(
    () =>
      show(
        place.current,
        drawn.boxes.find(({ node }) => node === at?.node),
        zoom.value,
      ),
    [at?.node],
  );

  return (
    <>
      <div class="buttons zoom">
        <button type="button" class="small" aria-label="Smaller" onClick={() => setZoom(zoom.value / 1.4)}>
          −
        </button>
        <button type="button" class="small" aria-label="Larger" onClick={() => setZoom(zoom.value * 1.4)}>
          +
        </button>
        <button
          type="button"
          class="small"
          onClick={() => {
            const { current: box } = place;
            if (box) setZoom(Math.min(1, box.clientWidth / drawn.width, box.clientHeight / drawn.height));
          }}
        >
          Whole
        </button>
        <p class="hint">Arrow keys follow the lines.</p>
      </div>
      <div
        ref={place}
        class="graph"
        role="listbox"
        tabIndex={0}
        aria-label="Graph of the model"
        aria-activedescendant={boxes.value.some(({ node }) => node === at?.node) ? `box-${at?.node}` : undefined}
        onScroll={look}
        onWheel={(event) => {
          // As a pinch on a touchpad comes.
          if (!event.ctrlKey) return;
          event.preventDefault();
          setZoom(zoom.value * Math.exp(-event.deltaY / 300));
        }}
        onPointerMove={({ currentTarget, pointerType, buttons, movementX, movementY }) => {
          if (pointerType === 'mouse' && buttons === 1) currentTarget.scrollBy(-movementX, -movementY);
        }}
        onKeyDown={(event) => {
          const next = nextNode(event.key, at?.node, model, drawn);
          if (next === undefined) return;
          event.preventDefault();
          chosen.value = { node: next, value: nodes[next]?.outputs[0]?.name ?? '' };
        }}
      >
        <svg
          role="presentation"
          width={drawn.width * zoom.value}
          height={drawn.height * zoom.value}
          viewBox={`0 0 ${drawn.width} ${drawn.height}`}
        >
          {lines.value.map(({ edge, points }) => (
            <path key={edge} class={edges[edge]?.value === at?.value ? 'line chosen' : 'line'} d={pathOf(points)} />
          ))}
          {boxes.value.map((box) => (
            <Shape
              key={box.node}
              box={box}
              node={nodes[box.node] as GraphNode}
              isChosen={box.node === at?.node}
              hasText={zoom.value >= LEAST_LEGIBLE}
            />
          ))}
        </svg>
      </div>
    </>
  );
}

interface ShapeProps {
  readonly box: Box;
  readonly node: GraphNode;
  readonly isChosen: boolean;
  readonly hasText: boolean;
}

function Shape({ box, node, isChosen, hasText }: ShapeProps) {
  const { x, y, width, height } = box;
  const kind = node.kind === 'operator' && (node.multiplyAdds ?? 0) > 0 ? 'costly' : node.kind;
  return (
    <g
      id={`box-${box.node}`}
      class={`box ${kind}`}
      role="option"
      aria-selected={isChosen}
      aria-label={hasText ? undefined : `${node.title} ${node.about}`}
      transform={`translate(${x - width / 2} ${y - height / 2})`}
      onClick={() => {
        chosen.value = { node: box.node, value: node.outputs[0]?.name ?? '' };
      }}
    >
      <rect width={width} height={height} rx={8} />
      {hasText && (
        <>
          <text class="title" x={width / 2} y={node.about === '' ? height / 2 + 4.5 : 19}>
            {cut(node.title, MOST_LETTERS.title)}
          </text>
          <text class="about" x={width / 2} y={36}>
            {cut(node.about, MOST_LETTERS.about)}
          </text>
        </>
      )}
    </g>
  );
}

/** Along a line, or to the nearest box beside. */
function nextNode(key: string, from: number | undefined, { graph }: OpenModel, { boxes }: Drawing): number | undefined {
  if (!/^Arrow(Up|Down|Left|Right)$/.test(key)) return undefined;
  if (from === undefined) return boxes[0]?.node;
  if (key === 'ArrowDown') return graph.edges.find((edge) => edge.from === from)?.to;
  if (key === 'ArrowUp') return graph.edges.find((edge) => edge.to === from)?.from;
  const here = boxes.find(({ node }) => node === from);
  if (here === undefined) return undefined;
  const side = key === 'ArrowLeft' ? -1 : 1;
  const beside = boxes.filter((one) => Math.abs(one.y - here.y) < 40 && Math.sign(one.x - here.x) === side);
  return beside.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0]?.node;
}

/** Scrolls until the box is in sight. */
function show(place: HTMLElement | null, box: Box | undefined, zoom: number): void {
  if (place === null || box === undefined) return;
  const [x, y] = [box.x * zoom, box.y * zoom];
  const isIn = (at: number, from: number, length: number) => at > from + 40 && at < from + length - 40;
  if (isIn(x, place.scrollLeft, place.clientWidth) && isIn(y, place.scrollTop, place.clientHeight)) return;
  place.scrollTo(x - place.clientWidth / 2, y - place.clientHeight / 2);
}

function isSeen({ x, y, width, height }: Box, { left, top, right, bottom }: Window): boolean {
  return x + width / 2 > left && x - width / 2 < right && y + height / 2 > top && y - height / 2 < bottom;
}

function isCrossed(points: Line['points'], { left, top, right, bottom }: Window): boolean {
  let [low, high, first, last] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    [low, high] = [Math.min(low, x), Math.max(high, x)];
    [first, last] = [Math.min(first, y), Math.max(last, y)];
  }
  return high > left && low < right && last > top && first < bottom;
}

/** A line through its points, round at the corners. */
function pathOf(points: Line['points']): string {
  const [first, ...others] = points;
  if (first === undefined) return '';
  let path = `M${first.x} ${first.y}`;
  others.forEach((point, i) => {
    const next = others[i + 1];
    path += next
      ? `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
      : `L${point.x} ${point.y}`;
  });
  return path;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
