import { Graph, layout } from '@dagrejs/dagre';
import type { GraphEdge, GraphNode, ModelGraph } from './graphOf.ts';

/** A box, by its middle, in pixels. */
export interface Box {
  /** Its position among the graph's nodes. */
  readonly node: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Line {
  /** Its position among the graph's edges. */
  readonly edge: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Where each box and line of a graph lies. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** Beyond this, a drawing says nothing any more, and takes long to make. */
export const MOST_BOXES = 3000;
const MOST_LINES = 4 * MOST_BOXES;

/** Letters that a box shows of its title and of what it gives. */
export const MOST_LETTERS = { title: 26, about: 30 } as const;
const LETTER = { title: 7.6, about: 6.7 } as const;

/** A line over more boxes than this runs down the edge of the drawing, where it takes no room between boxes. */
const FAR = 80;
/** Boxes that are laid out together, at least: the time for a part grows faster than its size. */
const PART = 60;
const GAP = 34;
const GUTTER = 24;

/**
 * Lays a graph out from top to bottom, part by part: where everything passes through one box, the next part hangs on it. A
 * thousand boxes take about a second.
 */
export function drawGraph({ nodes, edges }: ModelGraph): Drawing {
  const order = orderOf(nodes, edges);
  if (order.length === 0) return { width: 1, height: 1, boxes: [], lines: [] };
  if (order.length > MOST_BOXES) {
    throw new Error(`The model has ${order.length} nodes; up to ${MOST_BOXES} are drawn. The list has them all.`);
  }
  if (edges.length > MOST_LINES) throw new Error('The model has too many lines between its nodes to be drawn.');
  const place = new Map(order.map((node, i) => [node, i]));
  const spanOf = ({ from, to }: GraphEdge) => (place.get(to) as number) - (place.get(from) as number);
  const isFar = (edge: GraphEdge) => spanOf(edge) <= 0 || spanOf(edge) > FAR;
  const near = edges.flatMap((edge, i) => (isFar(edge) ? [] : [i]));
  const boxes = new Map<number, Box>();
  const lines: Line[] = [];
  let first = 0;
  for (const last of endsOf(
    order.length,
    near.map((i) => edges[i] as GraphEdge),
    place,
  )) {
    const isMine = (node: number) => (place.get(node) as number) >= first && (place.get(node) as number) <= last;
    const own = near.filter((i) => isMine((edges[i] as GraphEdge).to));
    const hook = order[first - 1];
    const part = layOut(order.slice(Math.max(0, first - 1), last + 1), own, nodes, edges);
    hang(part, hook, boxes, lines, edges);
    first = last + 1;
  }
  const all = [...boxes.values()];
  const ends = [
    ...all.flatMap(({ x, width }) => [x - width / 2, x + width / 2]),
    ...lines.flatMap(({ points }) => points.map(({ x }) => x)),
  ];
  const shift = GUTTER - least(ends);
  const moved = new Map(all.map((box) => [box.node, { ...box, x: box.x + shift }]));
  return {
    width: most(ends) + shift + GUTTER,
    height: lowest(all) + GUTTER,
    boxes: order.map((node) => moved.get(node) as Box),
    lines: [
      ...lines.map(({ edge, points }) => ({ edge, points: points.map(({ x, y }) => ({ x: x + shift, y })) })),
      ...edges.flatMap((edge, i) => (isFar(edge) ? [{ edge: i, points: alongEdge(edge, moved) }] : [])),
    ],
  };
}

/** What is drawn, in the file's order; an output comes right after what it shows. */
function orderOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): number[] {
  const shown = new Map<number, number[]>();
  const hung = new Set<number>();
  for (const { from, to } of edges) {
    if (nodes[to]?.kind !== 'output' || hung.has(to)) continue;
    hung.add(to);
    shown.set(from, [...(shown.get(from) ?? []), to]);
  }
  return nodes.flatMap(({ within }, i) => (within === '' && !hung.has(i) ? [i, ...(shown.get(i) ?? [])] : []));
}

/** Where parts end: at boxes that no line passes by. */
function endsOf(count: number, near: readonly GraphEdge[], place: ReadonlyMap<number, number>): number[] {
  const reaches = new Array<number>(count).fill(0);
  for (const { from, to } of near) {
    const at = place.get(from) as number;
    reaches[at] = Math.max(reaches[at] as number, place.get(to) as number);
  }
  const ends: number[] = [];
  let [reach, before] = [0, -1];
  reaches.forEach((own, i) => {
    if (reach <= i && i - before >= PART && i < count - 1) {
      ends.push(i);
      before = i;
    }
    reach = Math.max(reach, own);
  });
  return [...ends, count - 1];
}

interface Part {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

function layOut(
  part: readonly number[],
  own: readonly number[],
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
): Part {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ nodesep: 24, ranksep: GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const i of part) graph.setNode(String(i), sizeOf(nodes[i] as GraphNode));
  for (const i of own) {
    const { from, to } = edges[i] as GraphEdge;
    graph.setEdge(String(from), String(to), {}, String(i));
  }
  layout(graph);
  return {
    boxes: part.map((node) => ({ node, ...(graph.node(String(node)) as Omit<Box, 'node'>) })),
    lines: graph.edges().map((one) => {
      return { edge: Number(one.name), points: (graph.edge(one) as Pick<Line, 'points'>).points };
    }),
  };
}

/** Puts a part below those before it, under the box that it shares with them. */
function hang(
  part: Part,
  hook: number | undefined,
  boxes: Map<number, Box>,
  lines: Line[],
  edges: readonly GraphEdge[],
): void {
  const others = part.boxes.filter(({ node }) => node !== hook);
  const shared = hook === undefined ? undefined : boxes.get(hook);
  const copy = part.boxes.find(({ node }) => node === hook);
  const dx = shared && copy ? shared.x - copy.x : 0;
  const room = shared ? lowest([...boxes.values()]) + GAP : GUTTER;
  const dy = Math.max(
    shared && copy ? shared.y - copy.y : 0,
    room - least(others.map(({ y, height }) => y - height / 2)),
  );
  for (const box of others) boxes.set(box.node, { ...box, x: box.x + dx, y: box.y + dy });
  for (const { edge, points } of part.lines) {
    const moved = points.map(({ x, y }) => ({ x: x + dx, y: y + dy }));
    const [start, ...rest] = moved;
    const isFromShared = shared !== undefined && start !== undefined && edges[edge]?.from === hook;
    lines.push({ edge, points: isFromShared ? [{ x: start.x, y: shared.y + shared.height / 2 }, ...rest] : moved });
  }
}

function lowest(boxes: readonly Box[]): number {
  return most(boxes.map(({ y, height }) => y + height / 2));
}

/** A list of any length, which the arguments of Math.min may not be. */
function least(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
}

function most(values: readonly number[]): number {
  return values.reduce((one, other) => Math.max(one, other), Number.NEGATIVE_INFINITY);
}

/** Down the left edge, from below one box to above another. */
function alongEdge({ from, to }: GraphEdge, boxes: ReadonlyMap<number, Box>): Line['points'] {
  const [start, end] = [boxes.get(from) as Box, boxes.get(to) as Box];
  const [below, above] = [start.y + start.height / 2, end.y - end.height / 2];
  const lane = GUTTER / 2;
  return [
    { x: start.x, y: below },
    { x: start.x, y: below + GAP / 2 },
    { x: lane, y: below + GAP / 2 },
    { x: lane, y: above - GAP / 2 },
    { x: end.x, y: above - GAP / 2 },
    { x: end.x, y: above },
  ];
}

function sizeOf({ title, about }: GraphNode): { width: number; height: number } {
  const letters = Math.max(
    LETTER.title * Math.min(title.length, MOST_LETTERS.title),
    LETTER.about * Math.min(about.length, MOST_LETTERS.about),
  );
  return { width: Math.max(72, letters + 24), height: about === '' ? 30 : 46 };
}
