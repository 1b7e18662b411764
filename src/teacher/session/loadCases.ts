// Teachers of models of a few nodes, in the real onnxruntime-web on this thread.
import { type OnnxModel, writeModel } from '../../onnx/model.ts';
import { ortAssets } from '../../runtime/cases/assetCases.ts';
import { loadTeacher } from '../onnx.ts';
import type { LoadTeacherOptions } from '../onnxOptions.ts';
import type { Teacher } from '../teacher.ts';

/** Loads models; what it loaded, `disposeAll` ends. */
export function tinyTeachers() {
  const teachers: Teacher[] = [];
  return {
    async load(model: OnnxModel, options: LoadTeacherOptions = {}): Promise<Teacher> {
      const here = { worker: 'none', assetBase: ortAssets(), threads: 1, batchSize: 4 } as const;
      const teacher = await loadTeacher(writeModel(model), { ...here, ...options }).done;
      teachers.push(teacher);
      return teacher;
    },
    async disposeAll(): Promise<void> {
      for (const teacher of teachers.splice(0)) await teacher[Symbol.asyncDispose]();
    },
  };
}

export const batch = (count: number, width: number) => ({
  x: { data: Float32Array.from({ length: count * width }, (_, i) => Math.sin(i)), shape: [count, width] },
});
