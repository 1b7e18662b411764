/** Answers what the page asks this worker, one question after the other. */
export function answerQuestions<Request>(answer: (request: Request) => unknown): void {
  self.onmessage = async ({ data }: MessageEvent<Request>) => {
    try {
      self.postMessage({ result: await answer(data) });
    } catch (error) {
      self.postMessage({ error: String(error instanceof Error ? (error.stack ?? error) : error) });
    }
  };
}

/** What a side is sent when it is timed: how many figures, each the mean of so many passes. `timePasses` takes both. */
export interface Timed {
  readonly figures: number;
  readonly together: number;
}
