import type { Page } from 'playwright-core';
import { until } from '../support/until.js';
import { EchoServer, Site } from './angular-site.js';
import { type Browser, startChromium } from './chromium.js';

let browser: Browser;
let echo: EchoServer;
let site: Site;
let page: Page;
/** What went wrong in the page, but for dials that failed. */
const errors: string[] = [];

/** Waits until an element shows a text. */
const shows = (selector: string, text: string): Promise<void> =>
  page.locator(selector).filter({ hasText: text }).waitFor();

async function open(application: 'zoneless' | 'zone'): Promise<void> {
  [echo, site] = await Promise.all([EchoServer.start(), Site.start(application)]);
  page = await browser.context.newPage();
  page.on('pageerror', (error) => errors.push(`${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) errors.push(message.text());
  });
  await page.goto(site.url(echo));
}

beforeAll(async () => {
  browser = await startChromium();
});

afterEach(async () => {
  await page.close();
  await Promise.all([echo.close(), site.stop()]);
  expect(errors.splice(0)).toEqual([]);
});

afterAll(() => browser.close());

/** The component of the application with zone.js, as far as tests call it. */
interface Root {
  readonly turns: number;
  readonly checks: number;
  readonly isShown: { set(value: boolean): void };
  readonly zone: { run<T>(run: () => T): T };
  readonly pool: {
    use(work: (connection: Echo) => Promise<void>): Promise<void>;
  };
  makeConnection(): Echo & { connect(): Promise<void>; close(): Promise<void> };
}

interface Echo {
  send(text: string): Promise<string>;
}

/** Turns of the zone, each of which has Angular look for changes, and how often the root component was looked at. */
interface Turns {
  readonly turns: number;
  readonly checks: number;
}

const REQUESTS = 3_000;

describe('An application of Angular without zone.js, whose components are OnPush', () => {
  beforeEach(() => open('zoneless'));

  it('takes over the page of the server, dials, and shows health, connections and the reply', async () => {
    await shows('#health', 'healthy: 2 of 2, 0');
    await shows('#reply', 'hello');
    expect(await page.locator('#connections li').allInnerTexts()).toEqual(['echo 0', 'echo 1']);
    expect(echo.accepted).toBe(2);
  });

  it('shows that connections are lost and back', async () => {
    await shows('#health', 'healthy');
    echo.cutAll();
    await shows('#events', 'lost');
    await until(() => echo.accepted === 4);
    await shows('#health', 'healthy: 2 of 2');
    expect(await page.locator('#connections li').count()).toBe(2);
    expect(await page.locator('#events li').count()).toBe(5);
  });

  it('closes a pool with the injector that provides it, and leaves the other alone', async () => {
    await shows('#health', 'healthy');
    await page.locator('#open').click();
    await until(() => echo.sockets.length === 4);
    await page.locator('#destroy').click();
    await until(() => echo.sockets.length === 2);
    await shows('#health', 'healthy: 2 of 2');
  });

  it('a component that is destroyed follows the pool no more, and the pool goes on', async () => {
    await shows('#health', 'healthy');
    await page.locator('#hide').click();
    await page.locator('#health').waitFor({ state: 'detached' });
    echo.cutAll();
    await until(() => echo.accepted === 4);
  });
});

describe('An application of Angular with zone.js', () => {
  beforeEach(async () => {
    await open('zone');
    await shows('#health', 'healthy: 2 of 2, 0');
    await shows('#reply', 'hello');
  });

  const turnsOf = (run: (requests: number) => Promise<Turns>): Promise<Turns> => page.evaluate(run, REQUESTS);
  const turnsNow = (): Promise<number> => page.evaluate(() => (globalThis as unknown as { root: Root }).root.turns);

  /** Figures that are shown have Angular look for changes, at their pace. */
  const show = async (isShown: boolean): Promise<void> => {
    await page.evaluate((value) => (globalThis as unknown as { root: Root }).root.isShown.set(value), isShown);
    await page.locator('#health').waitFor({ state: isShown ? 'visible' : 'detached' });
  };

  it('3,000 requests over a connection that is made in the zone, without a pool, are thousands of turns', async () => {
    const { turns, checks } = await turnsOf(async (requests) => {
      const { root } = globalThis as unknown as { readonly root: Root };
      const connection = root.zone.run(() => root.makeConnection());
      await root.zone.run(() => connection.connect());
      const before = { turns: root.turns, checks: root.checks };
      for (let i = 0; i < requests; i++) await connection.send('x');
      const after = { turns: root.turns - before.turns, checks: root.checks - before.checks };
      await connection.close();
      return after;
    });
    expect(turns).toBeGreaterThanOrEqual(REQUESTS);
    expect(checks).toBeGreaterThanOrEqual(REQUESTS);
  });

  const inOneUse = async (requests: number): Promise<Turns> => {
    const { root } = globalThis as unknown as { readonly root: Root };
    const work = async (connection: Echo): Promise<void> => {
      for (let i = 0; i < requests; i++) await connection.send('x');
    };
    const done = root.zone.run(() => root.pool.use(work));
    const before = { turns: root.turns, checks: root.checks };
    await done;
    return { turns: root.turns - before.turns, checks: root.checks - before.checks };
  };

  it('3,000 requests in the work of one use() that is called in the zone are no turn', async () => {
    await show(false);
    expect(await turnsOf(inOneUse)).toEqual({ turns: 0, checks: 0 });
    expect(echo.answered).toBe(REQUESTS + 1);
  });

  it('3,000 requests while a view shows poolHealth() are no more turns than it has values', async () => {
    const since = performance.now();
    const { turns } = await turnsOf(inOneUse);
    const values = (performance.now() - since) / 100 + 1;
    expect(turns).toBeLessThanOrEqual(values);
  });

  it('3,000 calls of use() in the zone are the one turn of what calls them', async () => {
    await show(false);
    const { turns, checks } = await turnsOf(async (requests) => {
      const { root } = globalThis as unknown as { readonly root: Root };
      const before = { turns: root.turns, checks: root.checks };
      const calls = root.zone.run(() =>
        Array.from({ length: requests }, () => root.pool.use(async (connection) => void (await connection.send('x')))),
      );
      for (const call of calls) await call;
      return { turns: root.turns - before.turns, checks: root.checks - before.checks };
    });
    expect({ turns, checks }).toEqual({ turns: 1, checks: 1 });
    expect(echo.answered).toBe(REQUESTS + 1);
  });

  it('connections that are lost and dialled anew are no turn, and the view shows them', async () => {
    await show(false);
    const before = await turnsNow();
    echo.cutAll();
    await until(() => echo.accepted === 4);
    const { turns } = await turnsOf(inOneUse);
    expect([turns, await turnsNow()]).toEqual([0, before + 1]);
    await show(true);
    await shows('#health', 'healthy: 2 of 2');
    echo.cutAll();
    await shows('#events', 'lost');
    await until(() => echo.accepted === 6);
    await shows('#health', 'healthy: 2 of 2');
  });
});
