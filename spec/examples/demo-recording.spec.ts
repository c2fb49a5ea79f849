import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseOptions } from '../../examples/demo/options.js';
import { Recording } from '../../examples/demo/recording.js';
import { MODEL } from './demo-model.js';

describe('The demo with --svg', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'rxpool-demo-'));
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  it('stop() writes one picture for each quarter of a second since start(), with text escaped and coloured', () => {
    const file = path.join(folder, 'demo.svg');
    const recording = new Recording(file, () => ({ ...MODEL, target: 'a < b & c' }));
    recording.start();
    jest.advanceTimersByTime(1_000);
    recording.stop();

    const svg = readFileSync(file, 'utf8');
    expect(svg.match(/<g><text/g)).toHaveLength(4);
    expect(svg).toContain('animation:play 1s steps(4) infinite');
    expect(svg).toContain('rxpool on a &lt; b &amp; c');
    expect(svg).toContain('class="red">broken<');
  });

  it('the option --svg takes a file, and refuses an empty name', () => {
    expect(parseOptions(['--svg', 'demo.svg'])).toMatchObject({ svg: 'demo.svg' });
    expect(() => parseOptions(['--svg', ''])).toThrow('--svg needs a value, got ""');
  });
});
