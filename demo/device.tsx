import { useSignal } from '@preact/signals';
import { type Capabilities, detectCapabilities } from 'limbeck';
import { useEffect } from 'preact/hooks';
import type { Keep } from './keep.ts';

interface Chip {
  readonly name: string;
  readonly value: string;
  readonly isOn: boolean;
  /** Why it is off or limited. */
  readonly why?: string;
}

const SIMD = { relaxed: 'relaxed', simd: 'plain', none: 'none' } as const;
const STORES = { opfs: 'OPFS', indexeddb: 'IndexedDB', disk: 'a folder', memory: 'memory only' } as const;

/** What the browser offers, and why anything is off. */
export function Device({ keeping }: { readonly keeping: Promise<Keep> }) {
  const chips = useSignal<readonly Chip[] | undefined>(undefined);
  useEffect(() => {
    void Promise.all([detectCapabilities(), keeping]).then(([capabilities, keep]) => {
      chips.value = chipsOf(capabilities, keep);
    });
  }, []);
  const reasons = chips.value?.filter(({ why }) => why !== undefined) ?? [];
  return (
    <section class="device" aria-labelledby="device-title">
      <h2 id="device-title" class="quiet-title">
        This device
      </h2>
      <ul id="chips" class="chips">
        {chips.value === undefined && <li class="chip">Looking…</li>}
        {chips.value?.map(({ name, value, isOn }) => (
          <li key={name} class={`chip ${isOn ? 'on' : 'off'}`}>
            <span aria-hidden="true">{isOn ? '✓' : '–'}</span> {name} <b>{value}</b>
          </li>
        ))}
      </ul>
      {reasons.length > 0 && (
        <details class="why">
          <summary>Why something is off</summary>
          <ul id="reasons">
            {reasons.map(({ name, why }) => (
              <li key={name}>
                <b>{name}:</b> {why}
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
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
