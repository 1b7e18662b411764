import { engineProgram, serverRow } from '../serverRow.mjs';

const program = () => engineProgram('node-', 'bin/node');
export default serverRow({ name: 'node-22', title: 'Node 22', program });
