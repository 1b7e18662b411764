import { useEffect, useState } from 'react';
import { learnPoints, openMine } from '../shared/points.js';
import { useRun } from './useRun.js';

const EPOCHS = Number(new URLSearchParams(location.search).get('epochs') ?? 60);

export function App() {
  const { status, event, error, start, cancel } = useRun();
  const [student, setStudent] = useState();
  const isRunning = status === 'running';
  const epoch = event?.type === 'epoch' ? event.epoch : 0;

  async function distil() {
    setStudent(undefined);
    const { student: learner, run } = learnPoints(EPOCHS);
    if (await start(run)) setStudent(learner);
  }

  return (
    <>
      <button type="button" onClick={distil} disabled={isRunning}>
        Distil
      </button>{' '}
      <button type="button" onClick={cancel} disabled={!isRunning}>
        Cancel
      </button>
      <p role="status">
        {{ idle: 'Not distilled yet.', running: 'Learning …', done: 'Ready.', cancelled: 'Cancelled.' }[status] ??
          error.message}
      </p>
      {isRunning && <progress max={EPOCHS} value={epoch} aria-label="Progress" />}
      {student && <Mine student={student} />}
    </>
  );
}

/** Reads a point, and takes a person's own word for it. */
function Mine({ student }) {
  const [mine, setMine] = useState();
  const [point, setPoint] = useState([0.5, 0.5]);
  const [label, setLabel] = useState('mine');
  const [read, setRead] = useState('');
  const [changes, setChanges] = useState(0);

  useEffect(() => {
    let isGone = false;
    const opening = openMine(student);
    opening.then((opened) => !isGone && setMine(opened));
    // Effects run twice under StrictMode, so each one closes what it opened.
    return () => {
      isGone = true;
      setMine(undefined);
      opening.then((opened) => opened[Symbol.asyncDispose]());
    };
  }, [student]);

  useEffect(() => mine?.watch(() => setChanges((count) => count + 1)), [mine]);

  useEffect(() => {
    let isOld = false;
    // `changes` is not read, but each one may change the answer.
    void changes;
    mine?.read(point).then((answer) => !isOld && setRead(answer.label));
    return () => {
      isOld = true;
    };
  }, [mine, point, changes]);

  const slider = (name, axis) => (
    <label>
      {name}
      <input
        type="range"
        min="0"
        max="1"
        step="0.01"
        value={point[axis]}
        onChange={({ target }) => setPoint(point.with(axis, Number(target.value)))}
      />
    </label>
  );

  return (
    <>
      {slider('Across', 0)}
      {slider('Down', 1)}
      <p>
        This point is <output>{read}</output>.
      </p>
      <label>
        What it is to you
        <input value={label} onChange={({ target }) => setLabel(target.value)} />
      </label>
      <button type="button" disabled={!mine || !label} onClick={() => mine.teach(point, label)}>
        Teach
      </button>
      <p>Teach a few points, of two kinds at least; learning begins when the page is idle.</p>
    </>
  );
}
