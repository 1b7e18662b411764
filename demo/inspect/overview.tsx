import type { OnnxTensorDescription } from 'limbeck';
import { count } from '../format.ts';
import { Card, Field, Table } from '../frame/parts.tsx';
import { factsOf, shapeText } from './facts.ts';
import { type OpenModel, setDimensions } from './session.ts';
import { warningsOf } from './warnings.ts';

/** What the file is, what goes in and out, and what to know before it is used. */
export function Overview({ model }: { readonly model: OpenModel }) {
  const { description } = model;
  const warnings = warningsOf(description);
  return (
    <div class="overview">
      <Card id="facts" title="The file">
        <dl class="facts">
          {factsOf(description, 'give lengths below').map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{shortened(value)}</dd>
            </div>
          ))}
        </dl>
      </Card>
      <Card id="ports" title="In and out">
        <Table label="Inputs and outputs">
          <thead>
            <tr>
              <th scope="col">Tensor</th>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">Shape</th>
            </tr>
          </thead>
          <tbody>
            <Ports kind="input" tensors={description.inputs} />
            <Ports kind="output" tensors={description.outputs} />
          </tbody>
        </Table>
        {description.freeDimensions.length > 0 && <Lengths model={model} />}
      </Card>
      {warnings.length > 0 && (
        <Card id="warnings" title="Before you use it">
          <ul class="warnings">
            {warnings.map((one) => (
              <li key={one}>{one}</li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}

/** Metadata may hold a dictionary. */
function shortened(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}… (${count(text.length)} letters)` : text;
}

function Ports({ kind, tensors }: { kind: 'input' | 'output'; tensors: readonly OnnxTensorDescription[] }) {
  return tensors.map(({ name, dtype, shape }) => (
    <tr key={`${kind} ${name}`}>
      <td>{kind}</td>
      <th scope="row" class="name">
        {name}
      </th>
      <td>{dtype ?? '?'}</td>
      <td class="lengths">{shapeText(shape)}</td>
    </tr>
  ));
}

/** Lengths that the file leaves open. With all of them, shapes and costs are known. */
function Lengths({ model }: { readonly model: OpenModel }) {
  const { description, dimensions } = model;
  const read = (form: HTMLFormElement) => {
    const given = [...new FormData(form)].flatMap(([name, text]) =>
      text === '' ? [] : [[name, Number(text)] as const],
    );
    setDimensions(Object.fromEntries(given));
  };
  return (
    <form
      class="lengths"
      onSubmit={(event) => {
        event.preventDefault();
        read(event.currentTarget);
      }}
    >
      <h3>Free lengths</h3>
      <div class="fields">
        {description.freeDimensions.map((name, i) => (
          <Field key={name} id={`length-${i}`} label={name}>
            <input
              id={`length-${i}`}
              name={name}
              type="number"
              inputMode="numeric"
              min={1}
              max={1_000_000}
              placeholder="open"
              value={dimensions[name] ?? ''}
            />
          </Field>
        ))}
      </div>
      <button type="submit" class="small">
        Work out shapes and cost
      </button>
    </form>
  );
}
