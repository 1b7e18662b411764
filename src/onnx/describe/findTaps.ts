import { LimbeckError } from '../../core/errors.ts';
import { nearNames } from '../../core/nearNames.ts';
import { isTagged } from '../../core/tags.ts';
import { quoted } from '../check/broken.ts';
import type { OnnxModel, OnnxNode, OnnxValue } from '../model.ts';
import { type NodeInputTap, type NodeOutputTap, type Tap, type TapPlace, tapText } from './taps.ts';
import { findInside, type GraphValues, valuesOf } from './values.ts';

/**
 * The tensors that taps mean, in the order of the taps, each with its public name.
 * Throws    unknown-tensor: a tap that means nothing in this model · invalid-option: one name for several tensors, or
 *           several for one
 */
export function findTaps(model: OnnxModel, taps: readonly Tap[], modelName: string): Map<string, string> {
  const values = valuesOf(model.graph);
  const found = new Map<string, { publicName: string | undefined; tap: Tap }>();
  for (const tap of taps) {
    const tensors = tensorsOf(tap, values, model, modelName);
    const given = typeof tap === 'string' || isTagged(tap, 'RegExp') ? undefined : tap.name;
    if (given !== undefined && tensors.length > 1) {
      throw new LimbeckError(
        'invalid-option',
        `The tap ${tapText(tap)} gives the one name "${given}" to ${tensors.length} tensors (${listed(tensors)}). ` +
          'Leave "name" out, or name one of them.',
        { details: { name: given, tensors } },
      );
    }
    for (const tensor of tensors) {
      const before = found.get(tensor)?.publicName;
      if (before !== undefined && given !== undefined && before !== given) {
        throw new LimbeckError(
          'invalid-option',
          `The tensor ${quoted(tensor)} is tapped under two names, "${before}" and "${given}". Leave one out.`,
          { details: { tensor, names: [before, given] } },
        );
      }
      found.set(tensor, { publicName: given ?? before, tap });
    }
  }
  return new Map([...found].map(([tensor, { publicName }]) => [tensor, publicName ?? tensor]));
}

/** Throws    invalid-option: a tap takes the name of another output, or of another tap */
export function requireOwnNames(names: ReadonlyMap<string, string>, outputs: readonly OnnxValue[]): void {
  const tensors = new Map<string, string>();
  const others = outputs.filter(({ name }) => !names.has(name)).map(({ name }) => [name, name] as const);
  for (const [tensor, publicName] of [...others, ...names]) {
    const before = tensors.get(publicName);
    if (before !== undefined) {
      throw new LimbeckError(
        'invalid-option',
        `Two outputs would be called "${publicName}": the tensors "${before}" and "${tensor}". Give one of the taps ` +
          'another "name".',
        { details: { name: publicName, tensors: [before, tensor] } },
      );
    }
    tensors.set(publicName, tensor);
  }
}

function tensorsOf(tap: Tap, values: GraphValues, model: OnnxModel, modelName: string): string[] {
  if (isTagged(tap, 'RegExp')) return matching(tap, tap, values, modelName);
  if (typeof tap === 'string') {
    if (values.all.has(tap) || !tap.includes('*')) return exact(tap, values, model, modelName);
    const parts = tap.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
    return matching(new RegExp(`^${parts.join('.*')}$`, 's'), tap, values, modelName);
  }
  if ('tensor' in tap) return exact(tap.tensor, values, model, modelName);
  const wanted = 'outputOf' in tap ? tap.outputOf : tap.inputOf;
  const nodes = nodesAt(wanted, tap, values, model, modelName);
  return [...new Set(nodes.map((node) => valueAt(node, tap, values, modelName)))];
}

function exact(tensor: string, values: GraphValues, model: OnnxModel, modelName: string): string[] {
  if (values.all.has(tensor)) return [tensor];
  const holder = findInside(model, { value: tensor });
  if (holder !== undefined) {
    throw unknownTensor(
      modelName,
      `has the tensor ${quoted(tensor)} only inside of a node, ${holder.opType} ${quoted(holder.name)}, where no tap ` +
        `reaches. Tap what that node gives: ${listed(holder.output)}.`,
      { tensor, inside: holder.name },
    );
  }
  const near = nearNames(tensor, values.all);
  const instead = near.length > 0 ? `Close to it are ${listed(near)}` : `It computes ${listed(values.computed)}`;
  throw unknownTensor(modelName, `has no tensor ${quoted(tensor)}. ${instead}.`, { tensor, near });
}

function matching(pattern: RegExp, tap: Tap, values: GraphValues, modelName: string): string[] {
  // A pattern with "g" or "y" remembers where it stopped.
  const test = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  const tensors = values.computed.filter((name) => test.test(name));
  if (tensors.length > 0) return tensors;
  const near = nearNames(typeof tap === 'string' ? tap.replaceAll('*', '') : pattern.source, values.computed);
  throw unknownTensor(
    modelName,
    `computes no tensor that fits ${tapText(tap)}. It computes ${listed(near.length > 0 ? near : values.computed)} and others.`,
    {
      pattern: tapText(tap),
      near,
    },
  );
}

function nodesAt(
  wanted: string,
  { at = 'last' }: { readonly at?: TapPlace },
  values: GraphValues,
  model: OnnxModel,
  modelName: string,
): readonly OnnxNode[] {
  const named = values.nodes.filter(({ name }) => name === wanted);
  const nodes = named.length > 0 ? named : values.nodes.filter(({ opType }) => opType === wanted);
  if (nodes.length === 0) throw noSuchNode(wanted, values, model, modelName);
  if (at === 'every') return nodes;
  const node = at === 'first' ? nodes[0] : at === 'last' ? nodes.at(-1) : nodes[at];
  if (node !== undefined) return [node];
  throw unknownTensor(
    modelName,
    `has ${nodes.length} ${quoted(wanted)}, and the tap wants number ${at}, counted from 0. The first of them give ` +
      `${listed(nodes.flatMap(({ output }) => output))}.`,
    { wanted, at, count: nodes.length },
  );
}

function noSuchNode(wanted: string, values: GraphValues, model: OnnxModel, modelName: string): LimbeckError {
  const holder = findInside(model, { opType: wanted });
  if (holder !== undefined) {
    return unknownTensor(
      modelName,
      `has ${quoted(wanted)} only inside of a node, ${holder.opType} ${quoted(holder.name)}, where no tap reaches. Tap ` +
        `what that node gives: ${listed(holder.output)}.`,
      { wanted, inside: holder.name },
    );
  }
  const operators = [...new Set(values.nodes.map(({ opType }) => opType))];
  const names = values.nodes.map(({ name }) => name).filter((name) => name !== '');
  const near = nearNames(wanted, new Set([...operators, ...names]));
  return unknownTensor(
    modelName,
    `has no operator and no node ${quoted(wanted)}. ${near.length > 0 ? `Close to it are ${listed(near)}. ` : ''}Its operators are ` +
      `${listed(operators, 40)}.`,
    { wanted, near, operators },
  );
}

function valueAt(node: OnnxNode, tap: NodeOutputTap | NodeInputTap, values: GraphValues, modelName: string): string {
  const isOutput = 'outputOf' in tap;
  const names = isOutput ? node.output : node.input;
  const at = tap.index ?? names.findIndex((name) => name !== '' && (isOutput || !values.constants.has(name)));
  const name = names[at];
  if (name !== undefined && name !== '') return name;
  const there = names.map((one, i) => `${i}: ${one === '' ? 'left out' : one}`);
  const wanted = tap.index === undefined ? 'one that is computed' : `number ${tap.index}`;
  throw unknownTensor(
    modelName,
    `has the node ${node.opType} ${quoted(node.name)}, and ${tapText(tap)} wants ${wanted} of its ` +
      `${isOutput ? 'outputs' : 'inputs'}. It has ${there.length === 0 ? 'none' : there.join(', ')}.`,
    { node: node.name, opType: node.opType },
  );
}

function unknownTensor(modelName: string, what: string, details: Record<string, unknown>): LimbeckError {
  return new LimbeckError('unknown-tensor', `The model "${modelName}" ${what}`, { details: { ...details, modelName } });
}

function listed(names: readonly string[], most = 5): string {
  const shown = names
    .filter((name) => name !== '')
    .slice(0, most)
    .map((name) => quoted(name));
  return shown.length === 0 ? 'none' : `${shown.join(', ')}${names.length > most ? ', …' : ''}`;
}
