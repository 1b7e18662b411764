import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const PYTHON = '/usr/bin/python3';

/** PyTorch in a process of its own, which waits while others are measured. */
export async function openTorch() {
  // OpenBLAS's own threads would fight with PyTorch's.
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...env } = process.env;
  const options = { env: { ...env, OPENBLAS_NUM_THREADS: '1' } };
  const asked = spawnSync(PYTHON, ['-c', 'import torch; print(torch.__version__)'], { ...options, encoding: 'utf8' });
  if (asked.status !== 0) return { skipped: `${PYTHON} has no torch (apt-get install python3-torch)`, close() {} };
  const child = spawn(PYTHON, ['benchmarks/torchSteps.py'], { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    version: asked.stdout.trim(),
    async steps(student, threads, count) {
      child.stdin.write(`${JSON.stringify({ student, threads, count })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('PyTorch ended');
      return JSON.parse(value);
    },
    close: () => child.kill(),
  };
}
