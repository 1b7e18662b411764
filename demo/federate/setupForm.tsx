import { count } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import { Card, Choices, Field } from '../frame/parts.tsx';
import { errorOf } from '../frame/plainError.ts';
import { STRATEGIES } from './messages.ts';
import * as setup from './setup.ts';
import { digitsInWords } from './share.ts';
import { error } from './state.ts';

/** Where devices meet, how they learn, and what this tab knows. */
export function SetupForm() {
  return (
    <>
      <PlaceCard />
      <DigitsCard />
      <LearningCard />
    </>
  );
}

function PlaceCard() {
  return (
    <Card id="place" title="Where they meet">
      <div class="stack">
        <Choices
          name="where"
          legend="Where they meet"
          class="wide-row"
          value={setup.place.value}
          onChoose={(chosen) => {
            setup.place.value = chosen;
          }}
          choices={[
            { value: 'tabs', name: 'In this browser', about: 'Tabs and windows of this page. No server.' },
            { value: 'nats', name: 'On a NATS server', about: 'Phones, computers and programs, by its address.' },
          ]}
        />
        {setup.place.value === 'nats' && <ServerFields />}
      </div>
    </Card>
  );
}

function ServerFields() {
  const { value: credentials } = setup.credentials;
  return (
    <>
      {credentials === undefined && (
        <div class="fields">
          <TextField
            id="address"
            label="Address"
            hint="wss://…, or ws://… on this machine"
            pattern={setup.ADDRESS_PATTERN}
            of={setup.address}
          />
          <TextField
            id="federation"
            label="Federation"
            hint="The same for all who meet"
            pattern={setup.NAME_PATTERN}
            of={setup.federation}
          />
          <TextField
            id="device"
            label="This device"
            hint="Another name for each"
            pattern={setup.NAME_PATTERN}
            of={setup.device}
          />
        </div>
      )}
      <DropZone id="credentials" label="Choose a file of credentials" accept=".json" onFiles={([file]) => take(file)}>
        {credentials ? (
          <p role="status">
            <b>{credentials.file}</b>: {setup.client.value}, in “{credentials.place.federation}”
          </p>
        ) : (
          <p>
            Where the server asks who comes: the file that <code>limbeck federate nats</code> has written for this
            device
          </p>
        )}
      </DropZone>
      {credentials && (
        <p class="buttons">
          <button
            type="button"
            class="small"
            onClick={() => {
              setup.credentials.value = undefined;
            }}
          >
            Forget the credentials
          </button>
        </p>
      )}
    </>
  );
}

function take(file: File | undefined): void {
  if (file === undefined) return;
  error.value = undefined;
  setup.readCredentials(file).catch((cause: unknown) => {
    error.value = errorOf(cause);
  });
}

interface TextFieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly pattern: string;
  readonly of: { value: string };
}

function TextField({ id, label, hint, pattern, of }: TextFieldProps) {
  return (
    <Field id={id} class="long" label={label} hint={hint}>
      <input
        id={id}
        type="text"
        required
        pattern={pattern}
        spellcheck={false}
        autocomplete="off"
        aria-describedby={`${id}-hint`}
        value={of.value}
        onInput={({ currentTarget }) => {
          of.value = currentTarget.value;
        }}
      />
    </Field>
  );
}

function DigitsCard() {
  const { value: digits } = setup.digits;
  return (
    <Card id="digits" title="What this tab knows">
      <div class="stack">
        <fieldset>
          <legend class="hidden">Digits that this tab knows</legend>
          <div class="choices digits">
            {setup.ALL_DIGITS.map((digit) => (
              <label key={digit} class="choice">
                <input type="checkbox" checked={digits.has(digit)} onChange={() => setup.toggleDigit(digit)} />
                <span>{digit}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <p class="hint">
          {digits.size > 0 && digits.size < 10
            ? `It has examples of ${digitsInWords([...digits])} only, so alone it could never read the others. `
            : ''}
          The examples stay in this tab.
        </p>
        <div class="fields">
          <NumberChoice id="examples" label="Examples" of={setup.examples} choices={[100, 300, 1000]} />
        </div>
      </div>
    </Card>
  );
}

interface NumberChoiceProps {
  readonly id: string;
  readonly label: string;
  readonly of: { value: number };
  readonly choices: readonly number[];
}

function NumberChoice({ id, label, of, choices }: NumberChoiceProps) {
  return (
    <Field id={id} label={label}>
      <select
        id={id}
        value={String(of.value)}
        onChange={({ currentTarget }) => {
          of.value = Number(currentTarget.value);
        }}
      >
        {choices.map((number) => (
          <option key={number} value={number}>
            {count(number)}
          </option>
        ))}
      </select>
    </Field>
  );
}

function LearningCard() {
  return (
    <Card id="learning" title="How they learn">
      <div class="stack">
        <Choices
          name="strategy"
          legend="Strategy"
          class="wide-row"
          value={setup.strategy.value}
          onChoose={(chosen) => {
            setup.strategy.value = chosen;
          }}
          choices={STRATEGIES.map(({ name, title, about }) => ({ value: name, name: title, about }))}
        />
        <div class="fields">
          <NumberChoice id="most-rounds" label="Rounds" of={setup.rounds} choices={[10, 40, 100, 400]} />
          <NumberChoice id="to-begin" label="Begin with how many" of={setup.toBegin} choices={[2, 3, 4, 5, 10]} />
        </div>
        <p class="hint">If others have begun already, theirs is taken.</p>
      </div>
    </Card>
  );
}
