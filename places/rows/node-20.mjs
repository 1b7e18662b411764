import { serverRow } from '../serverRow.mjs';

export default serverRow({ name: 'node-20', title: 'the Node that runs the tests', program: () => process.execPath });
