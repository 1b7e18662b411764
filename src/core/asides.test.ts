import { describe, expect, test } from 'vitest';
import { makeAsides } from './asides.ts';

const later = () => {
  let settle: { resolve(value: string): void; reject(error: Error): void } | undefined;
  const promise = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as { resolve(value: string): void; reject(error: Error): void }) };
};

describe('work beside a job', () => {
  test('is done while the job rests, one after the other, and the job goes on after it', async () => {
    const asides = makeAsides();
    const answer = later();
    const order: string[] = [];
    const job = asides.takenBy(async () => {
      order.push(await asides.during(answer.promise));
    });
    await Promise.all(
      ['first', 'second'].map((name) =>
        asides.ask(async () => {
          order.push(`${name} begins`);
          await Promise.resolve();
          order.push(`${name} ends`);
        }),
      ),
    );
    answer.resolve('the job goes on');
    await job;
    expect(order).toEqual(['first begins', 'first ends', 'second begins', 'second ends', 'the job goes on']);
    expect(asides.isTaken).toBe(false);
  });

  test('that takes longer than the rest keeps the job waiting', async () => {
    const asides = makeAsides();
    const [answer, aside] = [later(), later()];
    let isOver = false;
    const job = asides
      .takenBy(() => asides.during(answer.promise))
      .then(() => {
        isOver = true;
      });
    const asked = asides.ask(() => aside.promise);
    answer.resolve('there');
    await new Promise((resolve) => setTimeout(resolve));
    expect(isOver).toBe(false);
    aside.resolve('done');
    expect(await asked).toBe('done');
    await job;
  });

  test('keeps its own errors, and the job its own', async () => {
    const asides = makeAsides();
    const answer = later();
    const job = asides.takenBy(() => asides.during(answer.promise));
    await expect(asides.ask(() => Promise.reject(new Error('of the aside')))).rejects.toThrow('of the aside');
    answer.reject(new Error('of the job'));
    await expect(job).rejects.toThrow('of the job');
  });

  test('that is asked again and again keeps no job from going on', async () => {
    const asides = makeAsides();
    let isOver = false;
    let asked = 0;
    const loop = async () => {
      while (!isOver) {
        asked++;
        await (asides.isTaken ? asides.ask(() => new Promise((resolve) => setTimeout(resolve))) : undefined);
      }
    };
    const job = asides.takenBy(async () => {
      for (let step = 0; step < 20; step++) await asides.during(Promise.resolve());
      isOver = true;
    });
    await Promise.all([job, loop(), loop()]);
    expect(asked).toBeGreaterThan(20);
  });

  test('that comes when the job rests no more is done at its end', async () => {
    const asides = makeAsides();
    const job = later();
    const taken = asides.takenBy(() => job.promise);
    const asked = asides.ask(async () => 'late, and done');
    job.resolve('over');
    expect(await asked).toBe('late, and done');
    expect(await taken).toBe('over');
  });
});
