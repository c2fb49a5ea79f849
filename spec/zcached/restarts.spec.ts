import { scaled } from '../support/scales.js';
import { until } from '../support/until.js';
import { FaultRig, IN_ORDER } from './fault-rig.js';

const RESTARTS = scaled('restarts');
const CALLERS = 24;

it(`${RESTARTS} restarts of a server under load: requests with sent "never" did not run, none ran twice, and the pool reconnects by itself`, async () => {
  const rig = await FaultRig.open({ size: 6 });
  const ends = { answered: 0, never: 0, maybe: 0 };
  const wrong: unknown[] = [];
  const unsent: string[] = [];
  let asked = 0;
  let restarting = true;
  const caller = async (): Promise<void> => {
    while (restarting) {
      const nonce = `nonce ${asked++}`;
      try {
        const reply = await rig.ask(nonce);
        if (reply === nonce) ends.answered++;
        else wrong.push([nonce, reply]);
      } catch (error) {
        const { sent, code } = error as { sent: 'never' | 'maybe'; code: string };
        if (code === 'ERR_CONNECTION_LOST' || code === 'ERR_NOT_CONNECTED') ends[sent]++;
        else wrong.push(error);
        if (sent === 'never') unsent.push(nonce);
      }
    }
  };
  const callers = Array.from({ length: CALLERS }, caller);
  const busy = () => until(() => rig.isWhole && rig.server.requests > 50);
  for (let restart = 0; restart < RESTARTS; restart++) {
    await busy();
    await rig.server.close();
    await rig.startServer();
  }
  await busy();
  restarting = false;
  await Promise.all(callers);
  await rig.whole();

  expect(wrong).toEqual([]);
  expect(ends.answered + ends.never + ends.maybe).toBe(asked);
  expect(unsent.filter((nonce) => rig.seen.has(nonce))).toEqual([]);
  expect([...rig.seen].filter(([nonce, times]) => nonce.startsWith('nonce') && times > 1)).toEqual([]);
  expect(ends.maybe).toBeGreaterThan(RESTARTS);
  expect(await rig.close()).toEqual(IN_ORDER);
}, 600_000);
