import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

const PYTHON = '/usr/bin/python3';
const ABOUT =
  "import torch; torch.ones(8, 8) @ torch.ones(8, 8); print(torch.__version__, 'openblas' in open('/proc/self/maps').read())";
/**
 * How a number of threads can be spent: on PyTorch's own operations or on OpenBLAS, which multiplies matrices in Debian's
 * PyTorch and reads its number of threads when it is loaded. With two each, they fight.
 */
const WAYS = {
  1: [{ own: 1, blas: 1 }],
  2: [
    { own: 2, blas: 1 },
    { own: 1, blas: 2 },
  ],
};

/**
 * PyTorch at its best, in a process for each way to spend threads, which sleeps while others are measured. The script answers as
 * torchSteps.py does.
 */
export async function openTorch(script = 'benchmarks/torchSteps.py') {
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...env } = process.env;
  const asked = spawnSync(PYTHON, ['-c', ABOUT], { env, encoding: 'utf8' });
  const [version, hasOpenBlas] = asked.stdout?.trim().split(' ') ?? [];
  const missing = [
    ...(asked.status === 0 ? [] : ['python3-torch']),
    // With Debian's reference BLAS linear layers take several times as long: that would be no peer.
    ...(hasOpenBlas === 'True' ? [] : ['libopenblas0-pthread']),
  ];
  if (missing.length > 0)
    return { skipped: `PyTorch at its best needs apt-get install ${missing.join(' ')}`, close() {} };
  const children = new Map();
  const open = ({ own, blas }) => {
    const child = spawn(PYTHON, [script, String(own)], {
      env: { ...env, OPENBLAS_NUM_THREADS: String(blas) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  };
  /** What a process answers; one question at a time. */
  async function ask(name, request) {
    const { child, lines } = children.get(name);
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('PyTorch ended');
    return JSON.parse(value);
  }
  return {
    version,
    ask,
    /** Its ways to take a step of a student: a process for how the threads are spent, and what to ask it for each memory layout. */
    async waysOf(student, threads) {
      const ways = [];
      for (const way of WAYS[threads]) {
        const name = `own ${way.own}, BLAS ${way.blas}`;
        if (!children.has(name)) children.set(name, open(way));
        for (const layout of await ask(name, { ask: 'layouts', student }))
          ways.push({ name, layout, request: { ask: 'step', student, layout } });
      }
      return ways;
    },
    close() {
      for (const { child } of children.values()) child.kill();
    },
  };
}
