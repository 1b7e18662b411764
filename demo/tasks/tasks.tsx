import './tasks.css';
import { ErrorBox } from '../frame/errorBox.tsx';
import { openFrame } from '../frame/openFrame.tsx';
import { Card, Working } from '../frame/parts.tsx';
import { TASKS, type WorkedExample } from './list.ts';
import { ListenIt } from './listenIt.tsx';
import { Outcome } from './outcome.tsx';
import { TryIt } from './tryIt.tsx';
import { current, error, findOffered, isRunning, lines, offered, part, start, stop } from './work.ts';

function Tasks() {
  return (
    <div class="stack">
      <ErrorBox error={error.value} />
      {TASKS.map((task) => (
        <TaskCard key={task.name} task={task} />
      ))}
    </div>
  );
}

function TaskCard({ task }: { readonly task: WorkedExample }) {
  const isCurrent = current.value === task;
  const isBusy = isCurrent && isRunning.value;
  const isThere = offered.value?.includes(task.name) ?? true;
  return (
    <Card id={task.name} title={task.title}>
      <p>{task.about}</p>
      {isBusy ? (
        <Working
          stage={part.value.name}
          fraction={part.value.fraction}
          detail={lines.value.at(-1) ?? ''}
          onCancel={stop}
        />
      ) : (
        <div class="buttons">
          <button
            type="button"
            class={isCurrent ? '' : 'main'}
            disabled={isRunning.value || !isThere}
            onClick={() => start(task)}
          >
            {isCurrent ? 'Teach it again' : 'Teach it'}
            <span class="hidden">: {task.title}</span>
          </button>
        </div>
      )}
      {!isThere && (
        <p class="hint">
          {task.needs
            ? `Its data come from Debian’s package ${task.needs}, which was not there when this page was built.`
            : 'Its data do not lie beside this page.'}
        </p>
      )}
      {isCurrent && <Outcome task={task} />}
      {isCurrent && !isRunning.value && task.tryIt && <TryIt about={task.tryIt} />}
      {isCurrent && !isRunning.value && task.say && <ListenIt word={task.say} />}
      {isCurrent && lines.value.length > 0 && (
        <details class="more history">
          <summary>What it said</summary>
          <ol class="said">
            {lines.value.map((line, i) => (
              <li key={i}>{line}</li>
            ))}
          </ol>
        </details>
      )}
    </Card>
  );
}

openFrame(<Tasks />);
void findOffered();
document.documentElement.dataset['state'] = 'ready';
