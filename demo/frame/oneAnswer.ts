export interface OneAnswerOptions<Told> {
  /** Of the file that is read, for the error if the worker ends. */
  readonly name: string;
  /** Sees each message; gives whether it is the last. Default: the first one is. */
  readonly take?: (told: Told) => boolean;
  /** Ends the worker. */
  readonly signal?: AbortSignal | undefined;
}

/** Asks a worker about a file. It ends with its answer, whatever that is. */
export function oneAnswer<Told>(
  worker: Worker,
  question: unknown,
  { name, take = () => true, signal }: OneAnswerOptions<Told>,
): Promise<Told> {
  const answer = new Promise<Told>((resolve, reject) => {
    const broken = (why: string) => reject(new Error(`“${name}” could not be read: ${why}.`));
    const stop = () => reject(signal?.reason);
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if (take(data)) resolve(data);
    };
    worker.onmessageerror = () => broken('its numbers do not fit into memory');
    worker.onerror = ({ message }) => broken(message || 'the worker ended, perhaps for want of memory');
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    else worker.postMessage(question);
  });
  return answer.finally(() => worker.terminate());
}
