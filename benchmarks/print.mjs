export function quantile(values, q) {
  return [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];
}

/** A student's rows, each as a multiple of the first. */
export function printStudent(student, rows) {
  console.log(`\n${student}`);
  const best = Object.values(rows)[0]?.medianMs;
  for (const [row, { medianMs, intervalMs, p90Ms, rooflineFraction, way, skipped }] of Object.entries(rows)) {
    if (skipped !== undefined) {
      console.log(`  ${row.padEnd(18)} ${'–'.padStart(9)}      ${skipped}`);
      continue;
    }
    const share = rooflineFraction === undefined ? '' : `   ${(100 * rooflineFraction).toFixed(0)} % of the FMA peak`;
    const how = way === undefined ? '' : `   ${way}`;
    const range = `(${intervalMs.map((ms) => ms.toFixed(2)).join(' to ')})`;
    console.log(
      `  ${row.padEnd(18)} ${medianMs.toFixed(2).padStart(9)} ms ${range.padEnd(22)} p90 ${p90Ms.toFixed(2).padStart(9)}   ` +
        `${(medianMs / best).toFixed(medianMs < 10 * best ? 2 : 0).padStart(5)} ×${share}${how}`,
    );
  }
}

/** The step through tfjs: per kernel calls, milliseconds, GFLOP/s or GB/s; then the replayed step by compiled kernel. */
export function printProfile({ eager, replayed, flops }) {
  const ms = eager.ms / eager.steps;
  console.log('\nthrough tfjs, one kernel at a time');
  let inside = 0;
  for (const { kernelName, calls, ms: total, bytes, flops: operations } of eager.kernels) {
    const each = total / eager.steps;
    inside += each;
    const rate =
      operations > 0 ? `${(operations / total / 1e6).toFixed(1)} GFLOP/s` : `${(bytes / total / 1e6).toFixed(1)} GB/s`;
    printRow(kernelName, calls / eager.steps, each, ms, rate);
  }
  printRow('between kernels', '', ms - inside, ms, '');
  printRow('step', '', ms, ms, `${(flops / ms / 1e6).toFixed(1)} GFLOP/s`);

  if (replayed.why !== undefined) {
    console.log(`\nnot replayed: ${replayed.why}`);
    return;
  }
  console.log('\nreplayed, as a run takes it');
  const step = replayed.stepMs;
  for (const { kernel, calls, work, ms: each } of replayed.calls) {
    printRow(kernel, calls, each, step, work > 0 ? `${((1e6 * each) / work).toPrecision(2)} ns a unit of work` : '');
  }
  const sum = replayed.calls.reduce((total, { ms: each }) => total + each, 0);
  printRow('batch in, optimizer, between kernels', '', step - sum, step, '');
  printRow('step', '', step, step, `${(flops / step / 1e6).toFixed(1)} GFLOP/s`);
}

function printRow(name, calls, ms, whole, rate) {
  const count = calls === '' ? '' : calls.toFixed(1);
  const share = `${((100 * ms) / whole).toFixed(1)} %`;
  console.log(`${name.padEnd(36)} ${count.padStart(6)} ${ms.toFixed(3).padStart(9)} ms ${share.padStart(7)}   ${rate}`);
}
