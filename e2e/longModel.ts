/** An ONNX file of many nodes in blocks with a way around them, as large networks are built; written by hand, field by field. */
export function longModel(blocks: number, perBlock: number, input = 'x'): Buffer {
  const nodes: Buffer[] = [];
  let last = input;
  for (let block = 0; block < blocks; block++) {
    const start = last;
    for (let i = 0; i < perBlock; i++) {
      const next = `b${block}_${i}`;
      nodes.push(node('Relu', [last], next));
      last = next;
    }
    nodes.push(node('Add', [last, start], `b${block}_sum`));
    last = `b${block}_sum`;
  }
  nodes.push(node('Identity', [last], 'y'));
  const graph = [...nodes.map((one) => part(1, one)), part(2, text('g')), part(11, value(input)), part(12, value('y'))];
  return modelOf(graph);
}

/** float32 [N, features] times so many columns of numbers, row by row: one row of classes for each example. */
export function linearModel(features: number, classes: number, weights: Float32Array): Buffer {
  const tensor = [number(1, features), number(1, classes), number(2, 1), part(8, text('w'))];
  const bytes = Buffer.from(weights.buffer, weights.byteOffset, weights.byteLength);
  const initializer = Buffer.concat([...tensor, part(9, bytes)]);
  const [input, output] = [value('x', features), value('y', classes)];
  return modelOf([
    part(1, node('MatMul', ['x', 'w'], 'y')),
    part(2, text('g')),
    part(5, initializer),
    part(11, input),
    part(12, output),
  ]);
}

function modelOf(graph: readonly Buffer[]): Buffer {
  const opset = Buffer.concat([part(1, text('')), number(2, 17)]);
  return Buffer.concat([number(1, 8), part(8, opset), part(7, Buffer.concat(graph))]);
}

function node(operator: string, inputs: readonly string[], output: string): Buffer {
  return Buffer.concat([...inputs.map((one) => part(1, text(one))), part(2, text(output)), part(4, text(operator))]);
}

/** float32 [N, length] */
function value(name: string, length = 4): Buffer {
  const shape = Buffer.concat([part(1, part(2, text('N'))), part(1, number(1, length))]);
  const tensor = Buffer.concat([number(1, 1), part(2, shape)]);
  return Buffer.concat([part(1, text(name)), part(2, part(1, tensor))]);
}

const text = (value: string) => Buffer.from(value);

/** A length-delimited field. */
function part(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2]), varint(bytes.length), bytes]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([field << 3]), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
