import { cpSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensurePackages, root } from '../../scripts/ensure.mjs';

export default {
  name: 'node-native',
  title: 'Node with onnxruntime-node',
  packages: 'root',
  async run({ copyProject, folder, limbeck, teacherFile, run, log }) {
    ensurePackages('places/engines');
    copyProject('server');
    cpSync(teacherFile, join(folder, 'teacher.onnx'));
    // As if it were installed beside limbeck; other rows run without it.
    const beside = join(dirname(limbeck), 'onnxruntime-node');
    rmSync(beside, { recursive: true, force: true });
    symlinkSync(join(root, 'places/engines/node_modules/onnxruntime-node'), beside);
    try {
      log((await run(process.execPath, ['native.mjs'])).trim());
    } finally {
      rmSync(beside, { recursive: true, force: true });
    }
    return "with device: 'native', in a thread and on this one; 'auto' measures it";
  },
};
