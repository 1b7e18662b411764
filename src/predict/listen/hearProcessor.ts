// The part of the threads file that runs in an AudioWorklet (`scripts/threadsFile.mjs`): it hands the sound of its node to the
// page. Never imported.

/** What stands in an AudioWorklet, and nowhere else. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

/** A block has 128 samples; so many together are a message about every 20 ms. */
const BLOCKS = 8;

class HearProcessor extends AudioWorkletProcessor {
  private blocks: Float32Array[] = [];
  private isOver = false;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.isOver = true;
    };
  }

  /** The mean of all channels. A node without a source gives no channel, which is silence. */
  process(
    [channels = []]: readonly (readonly Float32Array[])[],
    [output]: readonly (readonly Float32Array[])[],
  ): boolean {
    const mono = new Float32Array(channels[0]?.length ?? output?.[0]?.length ?? 128);
    for (const channel of channels) {
      for (let i = 0; i < mono.length; i++) mono[i] = (mono[i] as number) + (channel[i] as number) / channels.length;
    }
    this.blocks.push(mono);
    if (this.blocks.length === BLOCKS) {
      const piece = new Float32Array(this.blocks.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const block of this.blocks) {
        piece.set(block, at);
        at += block.length;
      }
      this.blocks = [];
      this.port.postMessage(piece, [piece.buffer]);
    }
    return !this.isOver;
  }
}

registerProcessor('limbeck-hear', HearProcessor);

export {};
