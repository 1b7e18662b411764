import { useSignal } from '@preact/signals';
import { Card } from '../frame/parts.tsx';
import { GraphView } from './graphView.tsx';
import { NodeList } from './nodeList.tsx';
import { drawing, type OpenModel } from './session.ts';

/** The graph, or the same as a list. */
export function Structure({ model }: { readonly model: OpenModel }) {
  const view = useSignal<'graph' | 'list'>('graph');
  const drawn = drawing.value;
  return (
    <Card id="structure" title="The graph">
      <div class="views">
        <fieldset class="switch">
          <legend class="hidden">Show the model as</legend>
          {(['graph', 'list'] as const).map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="view"
                checked={view.value === one}
                onChange={() => {
                  view.value = one;
                }}
              />
              <span>{one === 'graph' ? 'Graph' : 'List'}</span>
            </label>
          ))}
        </fieldset>
      </div>
      {view.value === 'list' && <NodeList model={model} />}
      {view.value === 'graph' && drawn === undefined && (
        <p role="status">The graph is being laid out; the list is there already.</p>
      )}
      {view.value === 'graph' && typeof drawn === 'string' && <p role="status">{drawn}</p>}
      {view.value === 'graph' && typeof drawn === 'object' && <GraphView model={model} drawn={drawn} />}
    </Card>
  );
}
