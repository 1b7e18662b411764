import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import * as tf from '../tf.ts';
import { gelu } from '../ops/gelu.ts';
import { installKernels, uninstallKernels } from './install.ts';

function time(f: () => tf.Tensor | tf.Tensor[], ms = 100): number {
  const run = () => tf.tidy(() => { f(); });
  for (const w = performance.now(); performance.now() - w < 150; ) run();
  let best = Infinity;
  for (let k = 0; k < 5; k++) {
    let n = 0; const t0 = performance.now(); let t = t0;
    while ((t = performance.now()) - t0 < ms / 5) { run(); n++; }
    best = Math.min(best, (t - t0) / n);
  }
  return best * 1000;
}
test('bench', async () => {
  tf.setWasmPaths(fileURLToPath(new URL('../../../node_modules/@tensorflow/tfjs-backend-wasm/dist/', import.meta.url)));
  await tf.setBackend('wasm');
  const bytes = new Uint8Array(await readFile(`/tmp/k-elem/kernels-relaxed.wasm`));
  const rows: Record<string, number[]> = {};
  const cases: Record<string, () => tf.Tensor | tf.Tensor[]> = {};
  for (const n of [512, 32768, 1 << 20]) {
    const x = tf.keep(tf.randomNormal([n], 0, 2, 'float32', 1)), dy = tf.keep(tf.randomNormal([n]));
    const fns: Record<string, (x: tf.Tensor) => tf.Tensor> = { relu: tf.relu, relu6: tf.relu6, leaky: tf.leakyRelu, elu: tf.elu, sigmoid: tf.sigmoid, tanh: tf.tanh, exp: tf.exp, step: tf.step, square: tf.square, sqrt: (x) => tf.sqrt(tf.abs(x)), rsqrt: (x)=>tf.rsqrt(x), gelu: (x) => gelu(x), geluT: (x) => gelu(x, 'tanh') };
    for (const [name, f] of Object.entries(fns)) {
      cases[`${name} ${n}`] = () => f(x);
      if (!['square', 'sqrt', 'rsqrt', 'step'].includes(name)) cases[`${name}+grad ${n}`] = () => tf.grad(f)(x, dy);
    }
    const two = tf.reshape(x, [n / 64, 64]), b = tf.keep(tf.randomNormal([64])), col = tf.keep(tf.randomNormal([n / 64, 1])), s = tf.keep(tf.scalar(2));
    tf.keep(two);
    const three = tf.keep(tf.reshape(x, [n / 128, 2, 64]));const mid = tf.keep(tf.randomNormal([n / 128, 1, 64]));
    const tenth = tf.keep(tf.randomNormal([Math.floor(n / 10), 10])), bten = tf.keep(tf.randomNormal([10])), cten = tf.keep(tf.randomNormal([Math.floor(n / 10), 1]));
    const bf: Record<string, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div, max: tf.maximum, min: tf.minimum, sqd: tf.squaredDifference };
    for (const [name, f] of Object.entries(bf)) {
      cases[`${name} equal ${n}`] = () => f(x, dy);
      cases[`${name} scalar ${n}`] = () => f(x, s);
      cases[`${name} [R,64]+[64] ${n}`] = () => f(two, b);
      cases[`${name} [R,64]+[R,1] ${n}`] = () => f(two, col);
      cases[`${name} [R,10]+[10] ${n}`] = () => f(tenth, bten);
      cases[`${name} [R,10]+[R,1] ${n}`] = () => f(tenth, cten);
      cases[`${name} [R,2,64]+[R,1,64] ${n}`] = () => f(three, mid);
    }
    cases[`addN3 ${n}`] = () => tf.addN([x, dy, x]);
  }
  const only = process.env['ONLY'];
  for (const [name, f] of Object.entries(cases)) if (!only || name.includes(only)) rows[name] = [time(f)];
  await installKernels(bytes);
  for (const [name, f] of Object.entries(cases)) if (!only || name.includes(only)) rows[name]!.push(time(f));
  uninstallKernels();
  console.log(Object.entries(rows).map(([n, [a, b]]) => `${n.padEnd(30)} ${a!.toFixed(1).padStart(9)} ${b!.toFixed(1).padStart(9)} us  x${(a! / b!).toFixed(2)}`).join('\n'));
}, 600000);
