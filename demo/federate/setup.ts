import { computed, signal } from '@preact/signals';
import { LABELS } from '../digits.ts';
import { type NatsPlace, type Share, STRATEGIES, type StrategyName } from './messages.ts';
import { seat } from './seat.ts';
import { digitsOfLot } from './share.ts';

export const place = signal<'tabs' | 'nats'>('tabs');
export const address = signal('');
export const federation = signal('digits');
/** Of this device, on a server: another one for each tab. */
export const device = signal(`page-${crypto.getRandomValues(new Uint16Array(1))[0]?.toString(36)}`);
/** What a file of `limbeck federate nats` says, and its name. */
export const credentials = signal<{ readonly file: string; readonly place: NatsPlace } | undefined>(undefined);
export const strategy = signal<StrategyName>('fedAvg');
export const rounds = signal(40);
/** How many must be there before the first round. */
export const toBegin = signal(2);
export const examples = signal(300);
/** Undefined until a person chooses. */
export const chosenDigits = signal<ReadonlySet<number> | undefined>(undefined);

/** Devices that see nothing of each other draw a lot; the tabs of a browser have seats. */
const drawn = crypto.getRandomValues(new Uint8Array(1))[0] as number;
const lot = computed(() => (place.value === 'tabs' ? seat.value - 1 : drawn));

export const digits = computed<ReadonlySet<number>>(() => chosenDigits.value ?? new Set(digitsOfLot(lot.value)));
export const share = computed<Share>(() => ({
  ...{ digits: [...digits.value].sort(), examples: examples.value, lot: lot.value },
}));
export const client = computed(() => {
  if (place.value === 'tabs') return `tab-${seat.value}`;
  return credentials.value?.place.user ?? device.value;
});

/** A name as transports take it. */
const NAME = /^[A-Za-z0-9_-]{1,128}$/;
export const NAME_PATTERN = '[A-Za-z0-9_\\-]{1,128}';
export const ADDRESS_PATTERN = '\\s*[wW][sS]{1,2}://[^\\s/].*';

/** Why nobody can join yet, as a sentence. */
export const obstacle = computed(() => {
  if (digits.value.size === 0) return 'Choose at least one digit for this tab.';
  if (place.value === 'tabs' || credentials.value !== undefined) return undefined;
  if (!/^\s*wss?:\/\/[^\s/]/i.test(address.value)) return 'Give the address of the server: wss://… or ws://….';
  if (!NAME.test(federation.value) || !NAME.test(device.value)) {
    return 'A name has 1 to 128 letters, digits, “_” and “-”.';
  }
  return undefined;
});

export const natsPlace = computed<NatsPlace>(
  () => credentials.value?.place ?? { servers: address.value.trim(), federation: federation.value },
);

export function toggleDigit(digit: number): void {
  const next = new Set(digits.value);
  if (!next.delete(digit)) next.add(digit);
  chosenDigits.value = next;
}

export const ALL_DIGITS = LABELS.map((_, digit) => digit);

const MOST_FILE_BYTES = 100_000;

/** Throws a sentence where the file is none that `limbeck federate nats` writes. */
export async function readCredentials(file: File): Promise<void> {
  const place = file.size <= MOST_FILE_BYTES ? placeIn(await file.text()) : undefined;
  if (place === undefined) {
    throw new Error(
      `“${file.name}” holds no credentials. Give a file that “limbeck federate nats” has written for this device.`,
    );
  }
  credentials.value = { file: file.name, place };
}

const FIELDS = ['user', 'seed', 'password', 'token', 'domain'] as const;

/** Only what is expected, of a file that may be anything. A page reaches a server by websockets only. */
function placeIn(text: string): NatsPlace | undefined {
  let given: Partial<Record<string, unknown>>;
  try {
    given = JSON.parse(text) ?? {};
  } catch {
    return undefined;
  }
  const servers = [given['servers']].flat().filter((one) => typeof one === 'string' && /^wss?:/i.test(one)) as string[];
  const { federation } = given;
  if (servers.length === 0 || typeof federation !== 'string' || !NAME.test(federation)) return undefined;
  const texts = FIELDS.flatMap((name) => (typeof given[name] === 'string' ? [[name, given[name]]] : []));
  return { servers, federation, device: given['device'] === true, ...Object.fromEntries(texts) };
}

export const strategyTitle = (wanted: StrategyName) => STRATEGIES.find(({ name }) => name === wanted)?.title ?? wanted;
