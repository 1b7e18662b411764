/** limbeck's worker, in a scope where this code ran first. */
export function workerAfter(work: string): Worker {
  const script = `${work}\nawait import('${location.origin}/worker.js');`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: 'text/javascript' })), { type: 'module' });
}

/** A worker in which each call of compiled code takes `times` as long, keeping the core busy. */
const slowWorker = (times: number) =>
  workerAfter(`
    let depth = 0;
    const slowed = (work) => (...given) => {
      const start = performance.now();
      depth++;
      try {
        return work(...given);
      } finally {
        const end = start + ${times} * (performance.now() - start);
        if (--depth === 0) while (performance.now() < end);
      }
    };
    const ofInstance = ({ exports }) => {
      const entries = Object.entries(exports);
      return { exports: Object.fromEntries(entries.map(([name, one]) => [name, one instanceof Function ? slowed(one) : one])) };
    };
    const { Instance, instantiate } = WebAssembly;
    WebAssembly.Instance = function (...given) { return ofInstance(new Instance(...given)); };
    WebAssembly.instantiate = async (...given) => {
      const made = await instantiate(...given);
      return made instanceof Instance ? ofInstance(made) : { ...made, instance: ofInstance(made.instance) };
    };
    WebAssembly.instantiateStreaming = async (response, ...rest) =>
      WebAssembly.instantiate(await (await response).arrayBuffer(), ...rest);`);

/**
 * Workers of a teacher of which one engine is slow, on any machine and however busy: the first worker is onnxruntime's, the
 * next the kernels'.
 */
export function oneSlow(slow: 'wasm' | 'kernels', times: number) {
  let workers = 0;
  const worker = () =>
    ['wasm', 'kernels'][workers++] === slow ? slowWorker(times) : new Worker('/worker.js', { type: 'module' });
  return { worker, started: () => workers };
}
