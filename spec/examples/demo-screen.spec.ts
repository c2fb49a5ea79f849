import { stripVTControlCharacters } from 'node:util';
import { type Environment, type Output, screenFor } from '../../examples/demo/screen.js';
import { MODEL } from './demo-model.js';

/** What a screen has written in so many milliseconds. */
function shown(output: Partial<Output>, env: Environment, milliseconds: number): string {
  let written = '';
  const write = (text: string | Uint8Array): boolean => {
    written += text;
    return true;
  };
  let answered = 0;
  const screen = screenFor({ ...output, write }, env, () => {
    answered += 10;
    return { ...MODEL, answered };
  });
  screen.start();
  jest.advanceTimersByTime(milliseconds);
  screen.stop();
  jest.advanceTimersByTime(milliseconds);
  return written;
}

const TERMINAL = { isTTY: true, columns: 80, rows: 24 } as const;
const RED = '\x1b[31m';

describe("The demo's screen", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('screen of the demo: redraws in place ten times per second and restores the cursor', () => {
    const written = shown(TERMINAL, {}, 1_000);
    const frames = written.split('\x1b[J').slice(0, -1);
    expect(frames).toHaveLength(12); // the first, ten, and the last
    expect(frames[0]).not.toContain('A\r');
    for (const frame of frames.slice(1)) expect(frame.startsWith('\x1b[17A\r')).toBe(true);
    expect(written.startsWith('\x1b[?25l')).toBe(true);
    expect(written.endsWith('\x1b[?25h')).toBe(true);
    expect(written).toContain(RED);
  });

  it('screen of the demo: a terminal of unknown size gets the usual one', () => {
    expect(shown({ isTTY: true, columns: 0, rows: 0 }, {}, 500)).toBe(shown(TERMINAL, {}, 500));
    expect(shown({ isTTY: true }, {}, 500)).toBe(shown(TERMINAL, {}, 500));
  });

  it('screen of the demo: honours NO_COLOR unless it is empty', () => {
    expect(shown(TERMINAL, { NO_COLOR: '1' }, 200)).not.toContain(RED);
    expect(shown(TERMINAL, { NO_COLOR: '' }, 200)).toContain(RED);
  });

  it.each([
    { name: 'that is no terminal', output: {}, env: {} },
    { name: 'that cannot move its cursor', output: TERMINAL, env: { TERM: 'dumb' } },
  ])('screen of the demo: prints one line per second on an output $name', ({ output, env }) => {
    const written = shown(output, env, 3_000);
    expect(written).toBe(stripVTControlCharacters(written));
    const lines = written.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toContain('  10/s  ');
  });
});
