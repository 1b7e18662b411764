import { LimbeckError } from '../../core/errors.ts';
import { describeModel } from '../describe/describe.ts';
import { copyOf, type OnnxModel, type OnnxNode } from '../model.ts';
import { domainOf } from '../operators.ts';
import { withGraphs } from '../references.ts';
import { type Draft, openDraft } from '../simplify/draft.ts';
import { rewriteNodes } from '../simplify/nodes.ts';
import { UPGRADES, type UpgradeContext } from './upgrades.ts';

/** The oldest operator set that is understood: before it, broadcasting was asked for by attributes. */
const OLDEST = 7;
/** What `UPGRADES` leads to. */
const NEWEST = 13;

/**
 * Brings a model, in place, to a later operator set of ONNX's own, 13 at most; one that is later already stays. Operators
 * that only say the same in another way are rewritten, also inside branches.
 * Throws    unsupported-operator: the model is older than operator set 7, or uses an operator that means something else
 *           in the later set
 */
export function upgradeOpset(model: OnnxModel, to: number): void {
  const imported = model.opsetImport.find(({ domain }) => domainOf(domain) === '');
  if (imported === undefined || imported.version >= to) return;
  if (to > NEWEST) throw new LimbeckError('internal', `Models can be brought to operator set ${NEWEST}, not ${to}.`);
  const from = Number(imported.version);
  if (from < OLDEST) {
    throw new LimbeckError(
      'unsupported-operator',
      `The model is of operator set ${from}; it must be ${OLDEST} or later to be brought to ${to}. Export it again, for ` +
        `operator set ${to}.`,
      { details: { from, to } },
    );
  }
  const draft = openDraft(model, []);
  const context = contextOf(model, draft, from, to);
  rewriteNodes(draft, (node) => upgraded(node, context));
  Object.assign(model.graph, draft.finish());
  imported.version = BigInt(to);
}

function upgraded(given: OnnxNode, context: UpgradeContext): OnnxNode[] {
  const node = withGraphs(given, (graph) =>
    Object.assign(copyOf(graph), { node: graph.node.flatMap((inner) => upgraded(inner, context)) }),
  );
  if (domainOf(node.domain) !== '') return [node];
  node.input = [...node.input];
  let nodes = [node];
  for (const { at, change } of UPGRADES[node.opType] ?? []) {
    if (at <= context.from || at > context.to) continue;
    nodes = nodes.flatMap((one) => (one === node ? change(one, context) : [one]));
  }
  return nodes;
}

function contextOf(model: OnnxModel, draft: Draft, from: number, to: number): UpgradeContext {
  const { graph } = model;
  const ranks = new Map<string, number>();
  const { inputs, nodes } = describeModel(model, 0);
  const outputs = nodes.flatMap((node) => node.outputs);
  for (const { name, shape } of [...inputs, ...outputs]) if (shape !== null) ranks.set(name, shape.length);
  for (const { name, dims } of graph.initializer) ranks.set(name, dims.length);
  const read = new Set([...nodes.flatMap((node) => node.inputs), ...graph.output.map(({ name }) => name)]);
  return {
    draft,
    from,
    to,
    rankOf: (name) => ranks.get(name),
    isRead: (name) => name !== '' && read.has(name),
    refuse: (node, why) =>
      new LimbeckError(
        'unsupported-operator',
        `The node "${node.name || node.output[0]}" (${node.opType}) of operator set ${from} cannot be brought to ${to}: ` +
          `${why}. Export the model again, for operator set ${to}.`,
        { details: { node: node.name || node.output[0], operator: node.opType, from, to } },
      ),
  };
}
