import type { Operator, Operators } from './call.ts';
import { ELEMENTWISE } from './elementwise.ts';
import { LAYOUT } from './layout.ts';
import { MICROSOFT } from './microsoft.ts';
import { PRODUCTS } from './products.ts';
import { REDUCTION } from './reduction.ts';
import { SELECTION } from './selection.ts';
import { SOURCES } from './sources.ts';
import { WINDOWS } from './windows.ts';

/** All operators that limbeck can follow, by domain and name. */
const OPERATORS: ReadonlyMap<string, Operators> = new Map([
  ['', { ...ELEMENTWISE, ...LAYOUT, ...PRODUCTS, ...REDUCTION, ...SELECTION, ...SOURCES, ...WINDOWS }],
  ['com.microsoft', MICROSOFT],
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
