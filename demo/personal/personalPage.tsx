import { countOf } from '../format.ts';
import { ErrorBox } from '../frame/errorBox.tsx';
import { Card } from '../frame/parts.tsx';
import { Act } from './act.tsx';
import { Desk } from './desk.tsx';
import { HandsCard } from './handsCard.tsx';
import { NoStudent } from './noStudent.tsx';
import * as page from './state.ts';
import { KeptCard, VersionsCard } from './taughtCards.tsx';

/** The page where the student is taught a handwriting. */
export function PersonalPage() {
  const code = page.error.value?.code ?? '';
  const isStoreBad = page.state.value === 'failed' && (code.startsWith('store-') || code === 'profile-invalid');
  return (
    <div class="stack">
      <ErrorBox error={page.error.value}>
        {isStoreBad && (
          <div class="buttons">
            <Act class="danger" onAct={page.destroyEverything}>
              Destroy everything that was taught
            </Act>
          </div>
        )}
      </ErrorBox>
      {page.state.value === 'opening' && <p class="hint">Opening what was kept…</p>}
      {page.state.value === 'no-student' && <NoStudent />}
      {page.state.value === 'ready' && (
        <div id="lesson" class="stack">
          <Desk key={page.rounds.value} />
          <VersionsCard />
          <KeptCard />
          <HandsCard key={`hands-${page.rounds.value}`} />
          <StudentCard />
        </div>
      )}
    </div>
  );
}

function StudentCard() {
  const description = page.lesson.value?.trainer.description;
  const workplace =
    description && `It learns in a worker, on ${description.backend}, with ${countOf(description.threads, 'thread')}.`;
  return (
    <Card id="student-card" title="The student">
      <p id="student">{page.found.value?.about}</p>
      <p id="workplace" class="hint">
        {[workplace, ...(description?.notices ?? [])].join(' ')}
      </p>
    </Card>
  );
}
