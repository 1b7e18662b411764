import { learnPoints, openMine } from '../shared/points.js';

const EPOCHS = Number(new URLSearchParams(location.search).get('epochs') ?? 60);

const BUTTONS = `
  <button type="button" name="distil">Distil</button>
  <button type="button" name="cancel" disabled>Cancel</button>
  <p role="status">Not distilled yet.</p>
  <progress hidden max="${EPOCHS}" value="0" aria-label="Progress"></progress>
  <form hidden>
    <label>Across <input name="across" type="range" min="0" max="1" step="0.01" value="0.5"></label>
    <label>Down <input name="down" type="range" min="0" max="1" step="0.01" value="0.5"></label>
    <p>This point is <output></output>.</p>
    <label>What it is to you <input name="label" value="mine" required></label>
    <button>Teach</button>
    <p>Teach a few points, of two kinds at least; learning begins when the page is idle.</p>
  </form>`;

/** Distils a student and lets a person teach it. What it holds ends when it leaves the page. */
class LimbeckPoints extends HTMLElement {
  #run;
  #mine;
  #stopWatching;

  connectedCallback() {
    this.innerHTML = BUTTONS;
    this.#part('[name=distil]').onclick = () => this.#distil();
    this.#part('[name=cancel]').onclick = () => this.#run?.cancel();
    const form = this.#part('form');
    form.oninput = () => this.#read();
    form.onsubmit = (event) => {
      event.preventDefault();
      void this.#mine.teach(this.#point(), form.elements.label.value);
    };
  }

  disconnectedCallback() {
    this.#run?.cancel();
    void this.#close();
  }

  async #distil() {
    await this.#close();
    const { student, run } = learnPoints(EPOCHS);
    this.#run = run;
    this.#show('Learning …', { isRunning: true });
    try {
      for await (const event of run) if (event.type === 'epoch') this.#part('progress').value = event.epoch;
      await run.done;
      const mine = await openMine(student);
      if (!this.isConnected) return await mine[Symbol.asyncDispose]();
      this.#mine = mine;
      this.#stopWatching = mine.watch(() => this.#read());
      this.#show('Ready.');
      await this.#read();
    } catch (error) {
      this.#show(error.name === 'AbortError' ? 'Cancelled.' : error.message);
    }
  }

  async #read() {
    const point = this.#point();
    const answer = await this.#mine?.read(point);
    // The point may have moved meanwhile.
    if (answer && String(point) === String(this.#point())) this.#part('output').value = answer.label;
  }

  async #close() {
    this.#stopWatching?.();
    const mine = this.#mine;
    this.#mine = undefined;
    await mine?.[Symbol.asyncDispose]();
  }

  #show(text, { isRunning = false } = {}) {
    this.#part('[role=status]').textContent = text;
    this.#part('[name=distil]').disabled = isRunning;
    this.#part('[name=cancel]').disabled = !isRunning;
    this.#part('progress').hidden = !isRunning;
    this.#part('form').hidden = this.#mine === undefined;
  }

  #point() {
    const { across, down } = this.#part('form').elements;
    return [Number(across.value), Number(down.value)];
  }

  #part(selector) {
    return this.querySelector(selector);
  }
}

customElements.define('limbeck-points', LimbeckPoints);
