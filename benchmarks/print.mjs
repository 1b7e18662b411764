export function quantile(values, q) {
  return [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];
}

/** A student's rows, each as a multiple of the first. */
export function printStudent(student, rows) {
  console.log(`\n${student}`);
  const best = Object.values(rows)[0]?.medianMs;
  for (const [row, { medianMs, p90Ms, rooflineFraction, skipped }] of Object.entries(rows)) {
    if (skipped !== undefined) {
      console.log(`  ${row.padEnd(18)} ${'–'.padStart(9)}      ${skipped}`);
      continue;
    }
    const share = rooflineFraction === undefined ? '' : `   ${(100 * rooflineFraction).toFixed(0)} % of the FMA peak`;
    console.log(
      `  ${row.padEnd(18)} ${medianMs.toFixed(2).padStart(9)} ms   p90 ${p90Ms.toFixed(2).padStart(9)}   ` +
        `${(medianMs / best).toPrecision(3).padStart(5)} ×${share}`,
    );
  }
}

/** Per kernel: calls and milliseconds of one step, GFLOP/s or GB/s; and what is spent between kernels. */
export function printProfile({ steps, ms, kernels, flops }) {
  const step = ms / steps;
  const line = (name, calls, each, rate) =>
    console.log(
      `${name.padEnd(36)} ${calls.padStart(6)} ${each.toFixed(3).padStart(9)} ms ${((100 * each) / step).toFixed(1).padStart(5)} %   ${rate}`,
    );
  let inside = 0;
  for (const { kernelName, calls, ms: total, bytes, flops: operations } of kernels) {
    inside += total / steps;
    const rate =
      operations > 0 ? `${(operations / total / 1e6).toFixed(1)} GFLOP/s` : `${(bytes / total / 1e6).toFixed(1)} GB/s`;
    line(kernelName, (calls / steps).toFixed(1), total / steps, rate);
  }
  line('between kernels', '', step - inside, '');
  line('step', '', step, `${(flops / step / 1e6).toFixed(1)} GFLOP/s`);
}
