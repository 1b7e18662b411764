import { engineProgram, serverRow } from '../serverRow.mjs';

const args = ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual'];
export default serverRow({ name: 'deno', title: 'Deno', program: () => engineProgram('@deno/', 'deno'), args });
