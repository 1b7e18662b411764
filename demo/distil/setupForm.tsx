import { bytes, count, countOf } from '../format.ts';
import { Card, CheckField, Choices, Field } from '../frame/parts.tsx';
import { DataPanel } from './dataPanel.tsx';
import * as setup from './setup.ts';
import type { SourceKind } from './sources.ts';
import { BUDGETS_BYTES, bytesOf } from './students.ts';
import { TeacherCard } from './teacherCard.tsx';

/** Who teaches, what about, and whom. */
export function SetupForm() {
  return (
    <>
      <TeacherCard />
      <DataCard />
      <StudentCard />
      <SettingsCard />
    </>
  );
}

const SOURCES: readonly { readonly value: SourceKind; readonly name: string; readonly about: string }[] = [
  { value: 'digits', name: 'Digits', about: '8,000 handwritten ones, bundled.' },
  { value: 'images', name: 'Pictures', about: 'A folder, or single files.' },
  { value: 'camera', name: 'Camera', about: 'What it sees now.' },
  { value: 'microphone', name: 'Microphone', about: 'What it hears now, or sound files.' },
  { value: 'csv', name: 'CSV', about: 'A table of numbers.' },
];

function DataCard() {
  return (
    <Card id="data" title="Data">
      <div class="stack">
        <Choices
          name="source"
          legend="What it is asked about"
          class="row"
          value={setup.source.value}
          onChoose={(kind) => {
            setup.source.value = kind;
          }}
          choices={SOURCES.map(({ about, ...one }) => {
            const why = setup.whyNot(one.value);
            return { ...one, about: why ?? about, isOff: why !== undefined };
          })}
        />
        <DataPanel />
      </div>
    </Card>
  );
}

function StudentCard() {
  const fitting = setup.students.value.filter((choice) => bytesOf(choice) <= setup.budgetBytes.value);
  return (
    <Card id="student" title="Student">
      <div class="stack">
        <Field id="budget" label="Size, at most" hint="Of its weights as 32-bit floats; int8 takes a quarter.">
          <select
            id="budget"
            aria-describedby="budget-hint"
            value={String(setup.budgetBytes.value)}
            onChange={({ currentTarget }) => {
              setup.budgetBytes.value = Number(currentTarget.value);
            }}
          >
            {BUDGETS_BYTES.map((budget) => (
              <option key={budget} value={String(budget)}>
                {bytes(budget)}
              </option>
            ))}
          </select>
        </Field>
        {fitting.length > 0 ? (
          <Choices
            name="student"
            legend="Which one"
            value={setup.student.value?.id ?? ''}
            onChoose={setup.chooseStudent}
            choices={fitting.toReversed().map((choice) => ({
              value: choice.id,
              name: choice.name,
              about: `${bytes(bytesOf(choice))}, ${count(choice.parameters)} weights. ${choice.about}`,
            }))}
          />
        ) : (
          <p class="hint">
            {setup.students.value.length === 0
              ? 'The students that fit are listed once teacher and data are chosen.'
              : `The smallest for these examples takes ${bytes(bytesOf(setup.students.value[0] ?? { parameters: 0 }))}.`}
          </p>
        )}
      </div>
    </Card>
  );
}

function SettingsCard() {
  const learned = setup.exampleCount.value;
  return (
    <Card id="settings-card" title="Settings">
      <div class="fields">
        <NumberField
          name="epochs"
          label="Epochs"
          min={1}
          max={10_000}
          hint={learned > 0 ? `For ${countOf(learned, 'example')}.` : 'Times it sees each one.'}
        />
        {setup.source.value === 'digits' && (
          <NumberField name="limit" label="Digits" min={1} max={8000} hint="To learn from." />
        )}
        <NumberField name="seed" label="Seed" min={0} max={2147483647} hint="Same seed, same student." />
        <NumberField
          name="threads"
          label="Threads"
          min={1}
          max={16}
          placeholder="automatic"
          hint="One per core, at most 4."
          isOptional
        />
      </div>
      <details class="more">
        <summary>More</summary>
        <div class="stack">
          <CheckField
            id="kernels"
            label="limbeck’s kernels"
            hint="Off: training runs on stock tfjs, about 100 times slower."
            isOn={setup.hasKernels.value}
            onChange={(isOn) => {
              setup.hasKernels.value = isOn;
            }}
          />
          <CheckField
            id="fresh"
            label="Ask the teacher again"
            hint="On: deletes the answers that are kept in this browser."
            isOn={setup.isFresh.value}
            onChange={(isOn) => {
              setup.isFresh.value = isOn;
            }}
          />
        </div>
      </details>
    </Card>
  );
}

interface NumberFieldProps {
  readonly name: 'epochs' | 'limit' | 'seed' | 'threads';
  readonly label: string;
  readonly hint: string;
  readonly min: number;
  readonly max: number;
  readonly placeholder?: string;
  readonly isOptional?: boolean;
}

function NumberField({ name, label, hint, isOptional, ...rest }: NumberFieldProps) {
  return (
    <Field id={name} label={label} hint={hint}>
      <input
        id={name}
        name={name}
        type="number"
        inputMode="numeric"
        required={!isOptional}
        aria-describedby={`${name}-hint`}
        value={setup.numberText(name)}
        onInput={({ currentTarget }) => {
          setup.typed.value = { ...setup.typed.value, [name]: currentTarget.value };
        }}
        {...rest}
      />
    </Field>
  );
}
