import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Locator } from 'playwright-core';
import type { Application } from './application.js';
import { type Browser, startChromium } from './chromium.js';
import { type Appearance, DashboardPage, type PoolTitle } from './dashboard/dashboard-page.js';
import { startServedPage } from './dashboard/served-page.js';

const POOLS: readonly PoolTitle[] = ['In this page', 'In NestJS'];

/** Milliseconds within which the picture has to follow: the best of several times, since other processes may be busy. */
const SOON = 1_000;

// Each waits for a browser, an application and their servers, which share the machine with what else runs on it.
jest.setTimeout(60_000);

/** Milliseconds from the beginning of an action until something shows. */
async function timeUntilShown(action: () => Promise<unknown>, shown: Locator): Promise<number> {
  const since = performance.now();
  await action();
  await shown.waitFor();
  return performance.now() - since;
}

describe('The dashboard of Angular in Chromium', () => {
  let browser: Browser;
  let app: Application;
  let dashboard: DashboardPage;

  /** Opens the page, and waits until a pool is whole. */
  const open = async (pool: PoolTitle, appearance?: Appearance): Promise<void> => {
    dashboard = await DashboardPage.open(browser, app.url('/'), appearance);
    await dashboard.choose(pool);
    await dashboard.status('healthy').waitFor();
    await dashboard.counts('connected', 4);
  };

  beforeAll(async () => {
    browser = await startChromium();
    app = await startServedPage();
  });

  afterEach(async () => {
    // A test that failed may have left them stopped.
    for (const route of ['/demo/start', '/demo/sockets/start']) await app.post(route);
    const { errors } = dashboard;
    await dashboard.close();
    expect(errors).toEqual([]);
  });

  afterAll(async () => {
    await browser.close();
    app.terminate();
    expect(await app.ended()).toBe(0);
  });

  it.each(POOLS)(
    '%s: shows four connections as they live, and the traffic as charts with labels and tables',
    async (pool) => {
      await open(pool);
      await dashboard.rate.fill('60');
      for (const line of ['Answered', 'Median', '95th pct.']) await dashboard.figure(line).waitFor();
      await dashboard.chart('now: answered').waitFor();
      await dashboard.chart('now: median').waitFor();
      expect(await dashboard.page.locator('canvas').count()).toBe(2);
      const [first] = await dashboard.rows().allInnerTexts();
      expect(first).toMatch(/^(socket|zcached)-1\s+127\.0\.0\.1:\d+\s+connected\s+for \d+ s\s+\d+\s+\d+ s\s+0\s+Cut$/);
      await dashboard.rate.fill('0');
      await dashboard.page
        .getByRole('row', { name: 'Answered' })
        .getByRole('cell', { name: '0', exact: true })
        .first()
        .waitFor();
    },
  );

  it.each(POOLS)('%s: each connection that is cut shows as lost and then as back, within a second', async (pool) => {
    await open(pool);
    const times: { readonly lost: number; readonly back: number }[] = [];
    for (const name of await dashboard.names()) {
      const lost = await timeUntilShown(() => dashboard.button(`Cut ${name}`).click(), dashboard.entry('lost', name));
      const back = await timeUntilShown(async () => {}, dashboard.back(name, 1));
      times.push({ lost, back: lost + back });
    }
    expect(times).toHaveLength(4);
    expect(Math.min(...times.map(({ back }) => back))).toBeLessThan(SOON);
    await dashboard.status('healthy').waitFor();
  });

  it.each(POOLS)(
    '%s: a server that is stopped shows as down, and within a second of its start as healthy again',
    async (pool) => {
      await open(pool);
      await dashboard.rate.fill('60');
      const stopped: number[] = [];
      const started: number[] = [];
      for (const _ of [1, 2, 3]) {
        stopped.push(await timeUntilShown(() => dashboard.button('Stop the server').click(), dashboard.status('down')));
        await dashboard.counts('connected', 0);
        await dashboard.entry('lost').waitFor();
        await dashboard.entry('connect-failed').waitFor();
        await dashboard.figure('Failed').waitFor();
        started.push(
          await timeUntilShown(() => dashboard.button('Start the server').click(), dashboard.status('healthy')),
        );
        await dashboard.counts('connected', 4);
      }
      expect(Math.min(...stopped)).toBeLessThan(SOON);
      expect(Math.min(...started)).toBeLessThan(SOON);
    },
  );

  it.each(['light', 'dark'] as const)(
    '%s: axe finds nothing wrong, while a pool is healthy and while one is down',
    async (colorScheme) => {
      await open('In this page', { colorScheme });
      await dashboard.page.addScriptTag({ path: createRequire(__filename).resolve('axe-core') });
      const check = async (): Promise<readonly string[]> => {
        const results: unknown = await dashboard.page.evaluate('axe.run({ resultTypes: ["violations"] })');
        const { violations } = results as AxeResults;
        return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ html }) => `${impact} ${id}: ${html}`));
      };
      await dashboard.button('Cut socket-1').click();
      await dashboard.entry('lost').waitFor();
      expect(await check()).toEqual([]);
      await dashboard.choose('In NestJS');
      await dashboard.button('Stop the server').click();
      await dashboard.status('down').waitFor();
      expect(await check()).toEqual([]);
    },
  );

  it('390 pixels wide, nothing has to be scrolled sideways', async () => {
    await open('In NestJS', { width: 390 });
    const parts = '[...document.querySelectorAll("header, .summary, .card, .scroll")]';
    for (const pool of POOLS) {
      await dashboard.choose(pool);
      await dashboard.rows('connected').first().waitFor();
      await dashboard.button(`Cut ${(await dashboard.names())[0]}`).click();
      await dashboard.entry('lost').waitFor();
      expect(await dashboard.page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      const wider = `${parts}.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.className)`;
      expect(await dashboard.page.evaluate(wider)).toEqual([]);
    }
  });

  it('everything can be done by keyboard, and the focus is seen', async () => {
    await open('In this page');
    const { keyboard } = dashboard.page;
    const focus = 'document.activeElement';
    /** Presses a key, after which the focus is seen on the element of that name. */
    const press = async (key: string, name: string): Promise<void> => {
      await keyboard.press(key);
      const label: unknown = await dashboard.page.evaluate(`${focus}.ariaLabel ?? ${focus}.textContent`);
      expect(label).toContain(name);
      expect(await dashboard.page.evaluate(`${focus}.matches(':focus-visible')`)).toBe(true);
      expect(await dashboard.page.evaluate(`getComputedStyle(${focus}).outlineStyle`)).toBe('solid');
    };
    await dashboard.page.getByRole('tab', { name: 'In this page' }).focus();
    await press('ArrowRight', 'In NestJS');
    await dashboard.rows().filter({ hasText: 'zcached-1' }).waitFor();
    await press('ArrowRight', 'In this page');
    await dashboard.rows().filter({ hasText: 'socket-1' }).waitFor();
    await press('Tab', '');
    await press('ArrowRight', '');
    await dashboard.page.getByText('50 / s').waitFor();
    await press('Tab', 'Stop the server');
    await keyboard.press('Enter');
    await dashboard.status('down').waitFor();
    await keyboard.press('Enter');
    await dashboard.status('healthy').waitFor();
    await press('Tab', 'Cut socket-1');
    await keyboard.press('Space');
    await dashboard.back('socket-1', 2).waitFor();
    for (const name of ['socket-2', 'socket-3', 'socket-4']) await press('Tab', `Cut ${name}`);
    await press('Tab', 'socket-1');
    await keyboard.press('End');
    await dashboard.page.waitForFunction('document.activeElement.scrollTop > 0');
  });

  it('the charts are drawn anew in the colours of another scheme', async () => {
    await open('In this page');
    await dashboard.chart('now: answered').waitFor();
    await dashboard.page.evaluate('document.querySelectorAll("canvas").forEach((each) => (each.id = "old"))');
    await dashboard.page.emulateMedia({ colorScheme: 'dark' });
    await dashboard.page.waitForFunction('document.querySelectorAll("canvas:not(#old)").length === 2');
    expect(await dashboard.page.locator('#old').count()).toBe(0);
  });

  it('the application ends while the page is open, and the page follows the one that takes its place', async () => {
    const url = new URL(app.url('/'));
    await open('In NestJS');
    app.terminate();
    expect(await app.ended()).toBe(0);
    await dashboard.status('unknown').waitFor();
    await dashboard.choose('In this page');
    await dashboard.status('down').waitFor();
    app = await startServedPage(url.port);
    await dashboard.status('healthy').waitFor();
    await dashboard.choose('In NestJS');
    await dashboard.status('healthy').waitFor();
    await dashboard.counts('connected', 4);
  });
});
