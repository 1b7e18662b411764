import { useSignal } from '@preact/signals';
import { bytes } from '../format.ts';
import { DropZone } from '../frame/dropZone.tsx';
import { Card, Choices, Field } from '../frame/parts.tsx';
import { errorOf } from '../frame/plainError.ts';
import * as setup from './setup.ts';
import { readTeacherFile, SCALES, type Scale } from './teacherFile.ts';

/** Who teaches: the bundled model, or a file and how it wants its pixels. */
export function TeacherCard() {
  const problem = useSignal<string | undefined>(undefined);
  const isReading = useSignal(false);
  const file = setup.teacherFile.value;
  const take = async ([chosen]: File[]) => {
    if (chosen === undefined) return;
    isReading.value = true;
    problem.value = undefined;
    try {
      setup.takeTeacherFile(await readTeacherFile(chosen));
    } catch (error) {
      problem.value = errorOf(error).message;
    } finally {
      isReading.value = false;
    }
  };
  return (
    <Card id="teacher" title="Teacher">
      <div class="stack">
        <Choices
          name="teacher"
          legend="Who teaches"
          value={setup.teacherKind.value}
          onChoose={setup.chooseTeacher}
          choices={[
            {
              value: 'bundled',
              name: 'The bundled reader',
              about: 'PP-OCRv4 recognition, 10.8 MB: reads printed text.',
            },
            { value: 'file', name: 'An ONNX file of yours', about: 'A classifier of pictures, sounds or numbers.' },
          ]}
        />
        {setup.teacherKind.value === 'file' && (
          <>
            <DropZone
              id="teacher-file"
              label={file ? 'Choose another' : 'Choose a file'}
              accept=".onnx"
              onFiles={(files) => void take(files)}
            >
              <p>{isReading.value ? 'Reading it…' : (file?.name ?? 'Drop an .onnx file here')}</p>
              {file && (
                <p class="hint">
                  {bytes(file.file.size)} · reads {file.reads.kind} · {setup.classes.value} classes
                </p>
              )}
            </DropZone>
            {problem.value && (
              <p class="hint problem" role="alert">
                {problem.value}
              </p>
            )}
            {file && file.outputs.length > 1 && (
              <Field id="output" label="Its answer">
                <select
                  id="output"
                  value={setup.output.value}
                  onChange={({ currentTarget }) => {
                    setup.output.value = currentTarget.value;
                  }}
                >
                  {file.outputs.map(({ name, classes }) => (
                    <option key={name} value={name}>
                      {name} ({classes} classes)
                    </option>
                  ))}
                </select>
              </Field>
            )}
            {file?.reads.kind === 'pictures' && (
              <Field
                id="scale"
                label="Pixels as it wants them"
                hint="Its documentation says; a wrong choice makes it guess."
              >
                <select
                  id="scale"
                  aria-describedby="scale-hint"
                  value={setup.scale.value}
                  onChange={({ currentTarget }) => {
                    setup.scale.value = currentTarget.value as Scale;
                  }}
                >
                  {Object.entries(SCALES).map(([scale, { name }]) => (
                    <option key={scale} value={scale}>
                      {name}
                    </option>
                  ))}
                </select>
              </Field>
            )}
          </>
        )}
      </div>
    </Card>
  );
}
