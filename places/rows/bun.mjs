import { engineProgram, serverRow } from '../serverRow.mjs';

export default serverRow({ name: 'bun', title: 'Bun', program: () => engineProgram('@oven/', 'bin/bun') });
