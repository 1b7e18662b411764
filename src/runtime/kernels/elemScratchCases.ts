export { attentionCases } from './attentionCases.ts';
