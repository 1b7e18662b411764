import type { ComponentChildren } from 'preact';

export interface CardProps {
  readonly title: ComponentChildren;
  /** Of the heading's `${id}-title`, and of the card. */
  readonly id: string;
  readonly hidden?: boolean;
  readonly children?: ComponentChildren;
}

export function Card({ title, id, hidden, children }: CardProps) {
  return (
    <section id={id} class="card" aria-labelledby={`${id}-title`} hidden={hidden}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

export interface FieldProps {
  /** Of the control inside, which gets `aria-describedby` from `describedBy(id)`. */
  readonly id: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A label, its control, and a line about it. */
export function Field({ id, label, hint, class: kind = '', children }: FieldProps) {
  return (
    <div class={`field ${kind}`}>
      {kind === 'check' && children}
      <label for={id}>{label}</label>
      {kind !== 'check' && children}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

export interface CheckFieldProps {
  readonly id: string;
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

/** Something that is on or off. */
export function CheckField({ id, label, hint, isOn, onChange }: CheckFieldProps) {
  return (
    <Field id={id} class="check" label={label} hint={hint}>
      <input
        id={id}
        name={id}
        type="checkbox"
        aria-describedby={`${id}-hint`}
        checked={isOn}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
    </Field>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly name: string;
  readonly about?: ComponentChildren;
  readonly isOff?: boolean;
}

export interface ChoicesProps<Value extends string> {
  readonly name: string;
  readonly legend: string;
  readonly value: Value;
  readonly choices: readonly Choice<Value>[];
  readonly onChoose: (value: Value) => void;
  readonly class?: string;
}

/** One of several, each with a line about it. */
export function Choices<Value extends string>({
  name,
  legend,
  value,
  choices,
  onChoose,
  ...rest
}: ChoicesProps<Value>) {
  return (
    <fieldset>
      {/* The card's title says it for those who see it. */}
      <legend class="hidden">{legend}</legend>
      <div class={`choices ${rest.class ?? ''}`}>
        {choices.map((choice) => (
          <label key={choice.value} class="choice">
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              disabled={choice.isOff}
              onChange={() => onChoose(choice.value)}
            />
            <span>{choice.name}</span>
            {choice.about && <small>{choice.about}</small>}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export interface BarProps {
  /** 0 to 1; undefined while unknown. */
  readonly fraction: number | undefined;
  readonly label: string;
  readonly id?: string;
}

/** A bar that shows how far something is, or that this is unknown. */
export function Bar({ fraction, label, id }: BarProps) {
  // A new element: one that had a value keeps it.
  return <progress key={String(fraction === undefined)} id={id} max={1} value={fraction} aria-label={label} />;
}

export interface WorkingProps {
  /** What is being done. */
  readonly stage: string;
  /** 0 to 1; undefined while unknown. */
  readonly fraction: number | undefined;
  /** Figures, and the time that is left. */
  readonly detail?: string;
  readonly onCancel?: () => void;
  /** What the button says. Default 'Cancel'. */
  readonly cancel?: string;
}

/** Progress of long work: its stage, how far it is, how long it will take, and a way to stop it. */
export function Working({ stage, fraction, detail, onCancel, cancel = 'Cancel' }: WorkingProps) {
  return (
    <div class="working">
      <b role="status">{stage}</b>
      {onCancel && (
        <button type="button" class="small" onClick={onCancel}>
          {cancel}
        </button>
      )}
      <Bar fraction={fraction} label={stage} />
      {detail && <p class="detail">{detail}</p>}
    </div>
  );
}

export interface TableProps {
  /** Names the region that scrolls, for screen readers. */
  readonly label: string;
  readonly class?: string;
  readonly id?: string;
  readonly hidden?: boolean;
  readonly children: ComponentChildren;
}

/** A table that scrolls in its own place, by keyboard too. */
export function Table({ label, children, class: kind = '', id, hidden }: TableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label={label} tabIndex={0} hidden={hidden}>
      <table id={id} class={`table ${kind}`}>
        {children}
      </table>
    </section>
  );
}
