import * as tf from '../runtime/tf.ts';
import type { EngineCall, Gradient, GradientFunction, TapeEngine, TapeNode } from './tapeEngine.ts';

/** An operation of a segment, by the ids of its tensors. */
interface Operation {
  readonly node: TapeNode;
  readonly run: (inputs: tf.NamedTensorMap) => tf.Tensor | tf.Tensor[];
  readonly inputs: Readonly<Record<string, number>>;
  readonly outputs: readonly number[];
  /** Which input each saved tensor is; undefined if one of them is an output or something else. */
  readonly savedInputs: readonly string[] | undefined;
}

/** Operations that follow each other, and what they read that was computed before them. */
interface Segment {
  readonly operations: Operation[];
  readonly before: Map<number, tf.Tensor>;
  readonly own: Set<number>;
  readonly ownData: Set<object>;
  bytes: number;
}

/** The forward pass in segments: of all but the last only what stands between them is kept. */
export interface Segments {
  /** An operation that was just taped. `work` is a function with a gradient of its own, which can be called again. */
  add(call: EngineCall, node: TapeNode, work: GradientFunction | undefined): void;
  /** The gradient of an operation that was computed again; undefined if its own still holds what it needs. */
  gradientOf(node: TapeNode): Gradient | undefined;
  /** Frees what is left. */
  end(): void;
}

/**
 * Cuts a forward pass into segments of about `mostBytes` of what their gradients read. When a segment is complete, that is freed;
 * the backward pass computes the segment again from the tensors in front of it when it arrives there, and frees it behind it.
 * Source    Chen et al. 2016, arXiv:1604.06174 ("sublinear memory cost")
 */
export function segmentsOf(engine: TapeEngine, mostBytes: number): Segments {
  const { runKernelFunc, customGrad } = engine;
  const closed = new Map<TapeNode, Segment>();
  let open = newSegment();
  let current: { readonly segment: Segment; readonly gradients: Map<TapeNode, Gradient>; free(): void } | undefined;

  /** On no tape, and beyond the tidy that is open. */
  function kept(tensor: tf.Tensor): tf.Tensor {
    engine.state.kernelDepth++;
    try {
      return engine.keep(engine.clone(tensor));
    } finally {
      engine.state.kernelDepth--;
    }
  }

  function close(segment: Segment): void {
    for (const { node } of segment.operations) {
      tf.dispose(node.saved);
      closed.set(node, segment);
    }
  }

  function again(segment: Segment) {
    const { operations, before } = segment;
    const { state } = engine;
    const uses = new Map<number, number>();
    const idsOf = (operation: Operation) => Object.values(operation.inputs);
    for (const id of operations.flatMap(idsOf)) uses.set(id, (uses.get(id) ?? 0) + 1);
    const tensors = new Map(before);
    const gradients = new Map<TapeNode, Gradient>();
    const saved: tf.Tensor[] = [];
    const { activeTape, gradientDepth } = state;
    const taping = engine.runKernelFunc;
    const isRead = (id: number) => (uses.get(id) ?? 0) > 0;
    const free = (id: number) => {
      if (before.has(id)) return;
      tensors.get(id)?.dispose();
      tensors.delete(id);
    };
    state.gradientDepth = 1;
    engine.runKernelFunc = runKernelFunc;
    try {
      for (const { node, run, inputs, outputs, savedInputs } of operations) {
        const given = Object.fromEntries(
          Object.entries(inputs).map(([name, id]) => [name, tensors.get(id) as tf.Tensor]),
        );
        if (savedInputs !== undefined && !outputs.some(isRead)) {
          // Its gradient reads nothing that it computed.
          savedInputs.forEach((name, i) => {
            node.saved[i] = kept(given[name] as tf.Tensor);
          });
          saved.push(...node.saved);
        } else {
          state.activeTape = [];
          const results = [run(given)].flat();
          const made = (state.activeTape as TapeNode[]).at(-1);
          if (made?.gradient !== undefined) gradients.set(node, made.gradient);
          saved.push(...(made?.saved ?? []));
          for (const [i, id] of outputs.entries()) tensors.set(id, results[i] as tf.Tensor);
        }
        for (const id of Object.values(inputs)) {
          uses.set(id, (uses.get(id) as number) - 1);
          if (!isRead(id)) free(id);
        }
        for (const id of outputs) if (!isRead(id)) free(id);
      }
    } catch (error) {
      tf.dispose(saved);
      throw error;
    } finally {
      Object.assign(state, { activeTape, gradientDepth });
      engine.runKernelFunc = taping;
    }
    return {
      segment,
      gradients,
      free() {
        tf.dispose(saved);
        freeSegment(segment);
      },
    };
  }

  return {
    add(call, node, work) {
      const run = runAgain(call, work);
      // Gradients of gradients need all of it.
      if (run === undefined || node.gradient === undefined || engine.state.gradientDepth > 1) return;
      const operation = operationOf(call, node, run);
      for (const [name, id] of Object.entries(operation.inputs)) {
        if (open.own.has(id) || open.before.has(id)) continue;
        open.before.set(id, kept(call.inputs[name] as tf.Tensor));
      }
      for (const output of node.outputs) {
        open.own.add(output.id);
        open.ownData.add(output.dataId);
      }
      open.operations.push(operation);
      for (const one of node.saved) {
        if (!open.ownData.delete(one.dataId)) continue;
        open.bytes += 4 * one.size;
      }
      if (open.bytes < mostBytes) return;
      close(open);
      open = newSegment();
    },
    gradientOf(node) {
      const segment = closed.get(node);
      if (segment === undefined) return undefined;
      if (current?.segment !== segment) {
        current?.free();
        // What comes behind it has all its gradients.
        freeSegment(open);
        current = again(segment);
      }
      return current.gradients.get(node);
    },
    end() {
      current?.free();
      for (const segment of new Set([...closed.values(), open])) freeSegment(segment);
    },
  };

  function runAgain(call: EngineCall, work: GradientFunction | undefined): Operation['run'] | undefined {
    const { kernelName, attrs } = call;
    if (kernelName !== undefined) {
      return (inputs) => runKernelFunc.call(engine, { kernelName, attrs, inputs });
    }
    return work && ((inputs) => customGrad.call(engine, work)(...Object.values(inputs)));
  }
}

function newSegment(): Segment {
  return { operations: [], before: new Map(), own: new Set(), ownData: new Set(), bytes: 0 };
}

function freeSegment({ operations, before }: Segment): void {
  for (const { node } of operations) tf.dispose(node.saved);
  tf.dispose([...before.values()]);
}

function operationOf({ inputs, kernelName }: EngineCall, node: TapeNode, run: Operation['run']): Operation {
  const given = Object.entries(inputs);
  const names = node.saved.map((one) => given.find(([, { dataId }]) => dataId === one.dataId)?.[0]);
  const isOfInputs = kernelName !== undefined && names.every((name) => name !== undefined);
  return {
    node,
    run,
    inputs: Object.fromEntries(given.map(([name, { id }]) => [name, id])),
    outputs: node.outputs.map(({ id }) => id),
    savedInputs: isOfInputs ? (names as string[]) : undefined,
  };
}
