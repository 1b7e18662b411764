import { describe, expect, test } from 'vitest';
import { type Box, type Drawing, drawGraph, MOST_BOXES } from '../demo/inspect/drawGraph.ts';
import type { GraphEdge, GraphNode, ModelGraph } from '../demo/inspect/graphOf.ts';

const node = (title: string, kind: GraphNode['kind'] = 'operator'): GraphNode => {
  return { kind, title, about: '[1, 2]', name: title, within: '', outputs: [], inputs: [] };
};

/** Blocks of a chain with a way around each, and a mask that every block reads. */
function blocks(count: number, length: number): ModelGraph {
  const nodes = [node('x', 'input'), node('mask', 'input')];
  const edges: GraphEdge[] = [];
  const join = (from: number, to: number) => edges.push({ from, to, value: String(from) });
  let last = 0;
  for (let block = 0; block < count; block++) {
    const start = last;
    for (let i = 0; i < length; i++) {
      nodes.push(node('Relu'));
      join(last, nodes.length - 1);
      last = nodes.length - 1;
    }
    nodes.push(node('Add'));
    for (const from of [last, start, 1]) join(from, nodes.length - 1);
    last = nodes.length - 1;
  }
  nodes.push(node('y', 'output'));
  join(last, nodes.length - 1);
  return { nodes, edges };
}

function touches(point: { x: number; y: number } | undefined, box: Box | undefined): boolean {
  if (point === undefined || box === undefined) return false;
  const [x, y] = [Math.abs(point.x - box.x) - box.width / 2, Math.abs(point.y - box.y) - box.height / 2];
  return x < 1e-6 && y < 1e-6 && Math.max(x, y) > -1e-6;
}

function expectSound({ nodes, edges }: ModelGraph, { boxes, lines, width, height }: Drawing): void {
  expect(boxes.map((box) => box.node).sort((a, b) => a - b)).toEqual(nodes.map((_, i) => i));
  expect(lines.map(({ edge }) => edge).sort((a, b) => a - b)).toEqual(edges.map((_, i) => i));
  const byNode = new Map(boxes.map((box) => [box.node, box]));
  for (const { edge, points } of lines) {
    const [from, to] = [byNode.get(edges[edge]?.from ?? -1), byNode.get(edges[edge]?.to ?? -1)];
    expect(touches(points[0], from)).toBe(true);
    expect(touches(points.at(-1), to)).toBe(true);
    for (const { x, y } of points) expect(x >= 0 && x <= width && y >= 0 && y <= height).toBe(true);
  }
  const sorted = boxes.toSorted((a, b) => a.y - b.y);
  for (const [i, one] of sorted.entries()) {
    for (const other of sorted.slice(i + 1, i + 20)) {
      const isApart =
        Math.abs(one.x - other.x) * 2 >= one.width + other.width - 1e-6 ||
        Math.abs(one.y - other.y) * 2 >= one.height + other.height - 1e-6;
      expect(isApart, `${one.node} and ${other.node}`).toBe(true);
    }
  }
}

describe('drawGraph', () => {
  test.each([
    ['one part', 2, 3],
    ['many parts', 40, 9],
    ['blocks longer than a part', 2, 70],
  ])('%s: every box and line is there, boxes stay apart, lines end at boxes', (_what, count, length) => {
    const graph = blocks(count, length);
    expectSound(graph, drawGraph(graph));
  });

  test('a file whose nodes stand in no order, or in a circle', () => {
    const nodes = ['a', 'b', 'c'].map((title) => node(title));
    const edges = [
      [2, 1],
      [1, 0],
      [0, 2],
    ].map(([from = 0, to = 0]) => ({ from, to, value: 'v' }));
    const { boxes, lines } = drawGraph({ nodes, edges });
    expect([boxes.length, lines.length]).toEqual([3, 3]);
  });

  test('a model of nothing', () => {
    expect(drawGraph({ nodes: [], edges: [] })).toMatchObject({ boxes: [], lines: [] });
  });

  test('what lies in branches is not drawn; too much is refused', () => {
    const inner = { ...node('Relu'), within: 'If/then_branch' };
    expect(drawGraph({ nodes: [node('If'), inner], edges: [] }).boxes.map((box) => box.node)).toEqual([0]);
    const many = Array.from({ length: MOST_BOXES + 1 }, () => node('Relu'));
    expect(() => drawGraph({ nodes: many, edges: [] })).toThrow('The list has them all');
    const lines = Array.from({ length: 20_000 }, (_, i) => ({ from: 0, to: 1, value: String(i) }));
    expect(() => drawGraph({ nodes: [node('a'), node('b')], edges: lines })).toThrow('too many lines');
  });
});
