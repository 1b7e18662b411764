import type { Operator, Operators } from './operator.ts';
import * as all from './operators/all.ts';

const { microsoft, ...onnx } = all;

/** All operators that limbeck can follow, by domain and name. */
const OPERATORS: ReadonlyMap<string, Operators> = new Map([
  ['', Object.assign({}, ...Object.values(onnx)) as Operators],
  ['com.microsoft', microsoft],
]);

/** ONNX's own domain has two names; the short one is used here. */
export function domainOf(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** What is known about an operator; undefined where it is none of ours. */
export function operatorOf(domain: string, name: string): Operator | undefined {
  const table = OPERATORS.get(domainOf(domain));
  return table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
}

/** ONNX's own operators by their small names. */
const BY_SMALL_NAME: ReadonlyMap<string, string> = new Map(
  Object.keys(OPERATORS.get('') as Operators).map((name) => [smallName(name), name]),
);

/** ONNX's name with its first word in small letters, such as 'reduceMean' or 'lstm', as layers hold it. */
export function smallName(name: string): string {
  return name.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (word) => word.toLowerCase());
}

/** ONNX's name of a small one; undefined where there is none such. */
export function onnxNameOf(small: string): string | undefined {
  return BY_SMALL_NAME.get(small);
}
