import './inspect.css';
import { bytes } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import { ErrorBox } from '../frame/errorBox.tsx';
import { openFrame } from '../frame/openFrame.tsx';
import { Card, Working } from '../frame/parts.tsx';
import { Engines } from './engines.tsx';
import { Overview } from './overview.tsx';
import { chosen, current, error, openBundled, openFile, reading, stopReading } from './session.ts';
import { Structure } from './structure.tsx';
import { Taps } from './taps.tsx';
import { ValueCard } from './valueCard.tsx';

function Inspect() {
  const model = current.value;
  return (
    <div class="stack inspect">
      <Source />
      <ErrorBox error={error.value} title="That file cannot be read" />
      {model && (
        <>
          <Overview model={model} />
          <div class="study">
            <Structure key={model.key} model={model} />
            <div class="stack beside">
              <ValueCard model={model} at={chosen.value} />
              <Taps model={model} />
            </div>
          </div>
          <Engines key={model.key} model={model} />
        </>
      )}
    </div>
  );
}

function Source() {
  const { value: busy } = reading;
  const model = current.value;
  return (
    <Card id="source" title="The model">
      {busy ? (
        <Working stage={busy} fraction={undefined} onCancel={stopReading} />
      ) : (
        <DropZone id="file" label="Choose an ONNX file" accept=".onnx" onFiles={([file]) => file && openFile(file)}>
          <p role="status">
            {model ? (
              <>
                <b>{model.description.name}</b>, {bytes(model.file.size)}
              </>
            ) : (
              'Drop an ONNX file here'
            )}
          </p>
        </DropZone>
      )}
      {!busy && (
        <p class="hint bundled">
          No file at hand?{' '}
          <button type="button" class="small" onClick={openBundled}>
            Open the bundled teacher
          </button>{' '}
          It reads text in pictures.
        </p>
      )}
    </Card>
  );
}

openFrame(<Inspect />);
if (new URLSearchParams(location.search).get('model') === 'teacher') openBundled();
