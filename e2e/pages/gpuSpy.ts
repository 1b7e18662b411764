// Runs inside a worker, around limbeck's own: tells what is done with the GPU, and may spoil it.
interface GpuReport {
  /** Devices that were made. */
  readonly devices: number;
  /** Queues that work was given to, by whom. */
  readonly queues: { readonly tfjs: number; readonly ort: number; readonly all: number };
  /** Buffers that were fetched from the GPU: whose they were, and their bytes. */
  readonly reads: readonly { readonly owner: Owner; readonly bytes: number }[];
  /** How often onnxruntime gave the GPU work to do. */
  readonly ortSubmits: number;
  /** How often tfjs's shaders were given a buffer of onnxruntime's. */
  readonly shared: number;
  /** Shaders that tfjs ran. */
  readonly dispatches: number;
}

type Owner = 'tfjs' | 'ort';
interface GpuBuffer {
  readonly size: number;
}

/** What the page may ask, by BroadcastChannel 'gpu-spy'; the answer is a GpuReport. 'lose' takes the GPU away. */
export type SpyRequest = 'reset' | 'report' | 'lose';
export type SpyReport = GpuReport;

// Not described by TypeScript's own library.
type Method = (this: object, ...args: never[]) => unknown;
const global = globalThis as unknown as Record<string, { prototype: Record<string, Method> } | undefined>;
const query = new URL(self.location.href).searchParams;

const owners = new WeakMap<object, Owner>();
const sources = new WeakMap<object, GpuBuffer>();
const queues: Record<Owner, Set<object>> = { tfjs: new Set(), ort: new Set() };
let devices = 0;
let reads: { owner: Owner; bytes: number }[] = [];
let shared = 0;
let ortSubmits = 0;
let dispatches = 0;
let lose: () => void = () => undefined;

/** Who calls, told by the file that the call comes from. */
function caller(): Owner {
  return new Error('who').stack?.includes('tfjs-backend-webgpu.js') ? 'tfjs' : 'ort';
}

function after(className: string, method: string, see: (self: object, args: unknown[], result: unknown) => void): void {
  const prototype = global[className]?.prototype;
  const original = prototype?.[method];
  if (prototype === undefined || original === undefined) return;
  prototype[method] = function (this: object, ...args: never[]) {
    const result = original.apply(this, args);
    see(this, args, result);
    return result;
  };
}

after('GPUAdapter', 'requestDevice', (_, __, device) => {
  devices++;
  void (device as Promise<{ destroy(): void }>).then((made) => {
    lose = () => made.destroy();
  });
});
after('GPUDevice', 'createBuffer', (_, __, buffer) => owners.set(buffer as object, caller()));
after('GPUQueue', 'submit', (queue) => {
  const who = caller();
  queues[who].add(queue);
  if (who === 'ort') ortSubmits++;
});
after('GPUCommandEncoder', 'copyBufferToBuffer', (_, args) => {
  const [from, second, third] = args as [GpuBuffer, unknown, unknown];
  sources.set((typeof second === 'object' ? second : third) as object, from);
});
after('GPUBuffer', 'mapAsync', (buffer, [mode]) => {
  const source = sources.get(buffer);
  if (mode === 1 && source !== undefined) reads.push({ owner: owners.get(source) ?? 'ort', bytes: source.size });
});
after('GPUDevice', 'createBindGroup', (_, [descriptor]) => {
  if (caller() !== 'tfjs') return;
  const { entries } = descriptor as { entries: { resource: { buffer?: object } }[] };
  for (const { resource } of entries) if (resource.buffer && owners.get(resource.buffer) === 'ort') shared++;
});
for (const method of ['dispatchWorkgroups', 'dispatchWorkgroupsIndirect']) {
  after('GPUComputePassEncoder', method, () => {
    if (caller() === 'tfjs') dispatches++;
  });
}
if (query.has('wrong')) {
  after('GPUBuffer', 'getMappedRange', (buffer, _, range) => {
    if (sources.has(buffer)) new Float32Array(range as ArrayBuffer)[0] = 7;
  });
}
if (query.has('without')) Object.defineProperty(self.navigator, 'gpu', { value: undefined });

const channel = new BroadcastChannel('gpu-spy');
channel.onmessage = ({ data }: MessageEvent<SpyRequest>) => {
  if (data === 'reset') {
    reads = [];
    shared = 0;
    ortSubmits = 0;
    dispatches = 0;
  } else if (data === 'lose') lose();
  else if (data !== 'report') return;
  const all = new Set([...queues.tfjs, ...queues.ort]).size;
  const report: GpuReport = {
    devices,
    queues: { tfjs: queues.tfjs.size, ort: queues.ort.size, all },
    reads,
    ortSubmits,
    shared,
    dispatches,
  };
  channel.postMessage(report);
};

const worker = '/worker.js';
await import(/* @vite-ignore */ worker);
