import { type Capabilities, detectCapabilities } from 'limbeck';
import { byId } from './dom.ts';
import type { Keep } from './keep.ts';
import { html } from './markup.ts';

interface Chip {
  readonly name: string;
  readonly value: string;
  readonly isOn: boolean;
  /** Why it is off or limited. */
  readonly why?: string;
}

const SIMD = { relaxed: 'relaxed', simd: 'plain', none: 'none' } as const;
const STORES = { opfs: 'OPFS', indexeddb: 'IndexedDB', memory: 'memory only', disk: 'a folder' } as const;

/** Shows what the browser offers, and why anything is off. */
export async function showDevice(keep: Keep): Promise<void> {
  const chips = chipsOf(await detectCapabilities(), keep);
  byId('chips').innerHTML = chips
    .map(
      ({ name, value, isOn }) =>
        html`<li class="chip ${isOn ? 'on' : 'off'}"><span aria-hidden="true">${isOn ? '✓' : '–'}</span> ${name} <b>${value}</b></li>`
          .markup,
    )
    .join('');
  const reasons = chips.filter(({ why }) => why !== undefined);
  const list = byId('reasons');
  list.hidden = reasons.length === 0;
  list.innerHTML = reasons.map(({ name, why }) => html`<li><b>${name}:</b> ${why}</li>`.markup).join('');
}

function chipsOf(capabilities: Capabilities, keep: Keep): Chip[] {
  const { why, simdLevel, hasThreads, cores, isIsolated, hasWebGpu, gpuName } = capabilities;
  const store = keep.kind;
  return [
    { name: 'Threads', value: hasThreads ? String(cores) : 'one', isOn: hasThreads, why: why['threads'] },
    { name: 'SIMD', value: SIMD[simdLevel], isOn: simdLevel !== 'none', why: why['simd'] ?? why['relaxed'] },
    { name: 'Isolated', value: isIsolated ? 'yes' : 'no', isOn: isIsolated },
    { name: 'WebGPU', value: hasWebGpu ? (gpuName ?? 'yes') : 'none', isOn: hasWebGpu, why: why['webgpu'] },
    {
      name: 'Store',
      value: store ? STORES[store] : 'none',
      isOn: store !== undefined && store !== 'memory',
      why: store === 'opfs' ? undefined : `${keep.why}${store === 'memory' ? ' The student is lost on reload.' : ''}`,
    },
  ];
}
