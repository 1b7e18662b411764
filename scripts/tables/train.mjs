import { measuredOn, ms, table, times } from './markdown.mjs';

/** A step of each student: limbeck, PyTorch at its best, and the best that a browser has without limbeck. */
export function trainTable(result) {
  const rows = Object.entries(result.students).map(([student, row]) => {
    const [two, one] = [row['kernels/relaxed/2'], row['kernels/relaxed/1']];
    return [
      `\`${student}\``,
      `**${ms(two.medianMs)}**`,
      beside(row['torch/2'], two),
      ms(one.medianMs),
      beside(row['torch/1'], one),
      stock(row, two),
      ms(row['kernels/simd/2'].medianMs),
      `${(100 * two.rooflineFraction).toFixed(0)} %`,
    ];
  });
  const head = [
    'student',
    'limbeck, 2 threads',
    `PyTorch ${result.torch.split('+')[0]}, 2 threads`,
    'limbeck, 1 thread',
    'PyTorch, 1 thread',
    'best in a browser without limbeck',
    'limbeck, 2 threads, plain SIMD',
    'share of the multiply-add peak',
  ];
  return [
    `${measuredOn(result)}; medians of ${result.runs} runs (lowest and highest run in \`benchmarks/results/train.json\`). WebAssembly has 128-bit vectors, PyTorch`,
    'uses what the processor has. In brackets, after PyTorch’s time: limbeck’s time divided by it (below 1, limbeck is faster); after the best in a browser: how many times as fast limbeck is.',
    '',
    table(head, rows),
    '',
    productSentence(result),
  ].join('\n');
}

/** A step of each student of sequences: limbeck and PyTorch at its best, on two threads and on one. */
export function sequencesTable(result) {
  const rows = Object.entries(result.students).map(([student, row]) => {
    const [two, one] = [row['kernels/relaxed/2'], row['kernels/relaxed/1']];
    const peak = `${(100 * two.rooflineFraction).toFixed(0)} %`;
    return [
      student,
      `**${ms(two.medianMs)}**`,
      beside(row['torch/2'], two),
      ms(one.medianMs),
      beside(row['torch/1'], one),
      peak,
    ];
  });
  const torch = `PyTorch ${result.torch.split('+')[0]}`;
  const head = [
    'student',
    'limbeck, 2 threads',
    `${torch}, 2 threads`,
    'limbeck, 1 thread',
    `${torch}, 1 thread`,
    'share of the multiply-add peak',
  ];
  return [
    `${measuredOn(result)}; medians of ${result.runs} runs. In brackets, after PyTorch’s time: limbeck’s time divided by it (below 1, limbeck is faster).`,
    '',
    table(head, rows),
  ].join('\n');
}

/** Before the table: how limbeck compares with native PyTorch. */
export function peersSentence(result) {
  const by = (threads) =>
    Object.entries(result.students).map(([student, row]) => ({ student, ratio: ratioTo(row, threads) }));
  const span = (threads) => {
    const ratios = by(threads).map(({ ratio }) => ratio);
    return `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  };
  const each = by(2)
    .toSorted((a, b) => a.ratio - b.ratio)
    .map(({ student, ratio }) => `${student} ${ratio.toFixed(2)}`);
  return (
    `**Compared with native PyTorch** at its best settings, a training step takes ${span(2)} times as long on two threads (${each.join(', ')}) and ${span(1)} times ` +
    `as long on one: ${measuredOn(result)}, where WebAssembly can use 128 bits.`
  );
}

const ratioTo = (row, threads) => row[`kernels/relaxed/${threads}`].medianMs / row[`torch/${threads}`].medianMs;
const beside = (peer, ours) =>
  peer.skipped === undefined ? `${ms(peer.medianMs)} (${(ours.medianMs / peer.medianMs).toFixed(2)})` : '–';

function stock(row, ours) {
  const [best] = Object.entries(row)
    .filter(([name, { skipped }]) => /^(tfjs|jax)/.test(name) && skipped === undefined)
    .toSorted(([, a], [, b]) => a.medianMs - b.medianMs);
  if (best === undefined) return '–';
  const [name, { medianMs }] = best;
  return `${name.replace('-cpu', ' cpu').replace('-wasm', ' wasm')} ${ms(medianMs)} (${times(medianMs / ours.medianMs)})`;
}

function productSentence({ gemm, fmaPeakGflops }) {
  const one = Object.values(gemm).map((each) => each[1]);
  const two = Object.values(gemm).map((each) => each[2] / each[1]);
  const span = (values, show) => {
    const [least, most] = [show(Math.min(...values)), show(Math.max(...values))];
    return least === most ? least : `${least} to ${most}`;
  };
  return (
    `A 512³ matrix product runs at ${span(one, (value) => value.toFixed(0))} GFLOP/s on one thread, whichever factor is transposed ` +
    `(the core's multiply-add peak: ${fmaPeakGflops.toFixed(0)}), and ${span(two, (value) => value.toFixed(2))} times that on two.`
  );
}
