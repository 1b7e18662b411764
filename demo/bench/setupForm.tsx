import { bytes } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import { Card, CheckField, Choices, Field } from '../frame/parts.tsx';
import * as setup from './setup.ts';
import { backendName } from './words.ts';

/** What is measured, how, and on what. */
export function SetupForm() {
  return (
    <>
      <ModelCard />
      <WorkCard />
      <BackendCard />
    </>
  );
}

function ModelCard() {
  const { value: file } = setup.file;
  return (
    <Card id="model" title="Model">
      <div class="stack">
        <Choices
          name="source"
          legend="What is measured"
          class="row"
          value={setup.source.value}
          onChoose={(source) => {
            setup.source.value = source;
          }}
          choices={[
            { value: 'standard', name: 'The standard set', about: 'Reference students, the same everywhere.' },
            { value: 'file', name: 'A file of mine', about: 'An ONNX model.' },
          ]}
        />
        {setup.source.value === 'file' ? (
          <DropZone
            id="file"
            label="Choose an ONNX file"
            accept=".onnx"
            onFiles={([given]) => {
              setup.file.value = given;
            }}
          >
            <p role="status">
              {file ? (
                <>
                  <b>{file.name}</b>, {bytes(file.size)}
                </>
              ) : (
                'Drop an ONNX file here'
              )}
            </p>
          </DropZone>
        ) : (
          <Several
            legend="Students"
            all={setup.STUDENTS.map((name) => ({ name, title: name }))}
            chosen={setup.students}
          />
        )}
      </div>
    </Card>
  );
}

function WorkCard() {
  return (
    <Card id="work" title="Work">
      <Several legend="What is timed" all={setup.offered.value} chosen={setup.workloads} />
    </Card>
  );
}

function BackendCard() {
  const isThreaded = globalThis.crossOriginIsolated === true;
  return (
    <Card id="backends" title="Backends">
      <div class="stack">
        <Several
          legend="Where it runs"
          all={setup.offeredBackends.value.map((name) => ({ name, title: backendName(name) }))}
          chosen={setup.backends}
        />
        <div class="fields">
          <Field
            id="threads"
            label="Threads, at most"
            hint={isThreaded ? 'One thread is measured too.' : 'This page is not isolated, so there is one.'}
          >
            <input
              id="threads"
              type="number"
              min={1}
              max={16}
              required
              disabled={!isThreaded}
              aria-describedby="threads-hint"
              value={setup.threads.value}
              onInput={({ currentTarget }) => {
                if (currentTarget.checkValidity()) setup.threads.value = Number(currentTarget.value);
              }}
            />
          </Field>
          <Field id="budget" label="Time" hint="For everything together.">
            <select
              id="budget"
              aria-describedby="budget-hint"
              value={String(setup.budgetSeconds.value)}
              onChange={({ currentTarget }) => {
                setup.budgetSeconds.value = Number(currentTarget.value);
              }}
            >
              <option value="20">20 s</option>
              <option value="60">1 min</option>
              <option value="180">3 min</option>
              <option value="600">10 min</option>
            </select>
          </Field>
        </div>
        <CheckField
          id="batches"
          label="Find the best batch"
          hint="Off: the usual one, a single example for inference."
          isOn={setup.findsBatch.value}
          onChange={(isOn) => {
            setup.findsBatch.value = isOn;
          }}
        />
      </div>
    </Card>
  );
}

interface SeveralProps {
  readonly legend: string;
  readonly all: readonly { readonly name: string; readonly title: string; readonly about?: string }[];
  readonly chosen: { value: ReadonlySet<string> };
}

/** Any number of things. */
function Several({ legend, all, chosen }: SeveralProps) {
  return (
    <fieldset>
      <legend class="hidden">{legend}</legend>
      <div class="choices row">
        {all.map(({ name, title, about }) => (
          <label key={name} class="choice">
            <input
              type="checkbox"
              checked={chosen.value.has(name)}
              onChange={() => {
                chosen.value = setup.toggled(chosen.value, name);
              }}
            />
            <span>{title}</span>
            {about && <small>{about}</small>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
