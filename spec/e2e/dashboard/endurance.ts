import type { CDPSession } from 'playwright-core';
import { startChromium } from '../chromium.js';
import { DashboardPage } from './dashboard-page.js';
import { startServedPage } from './served-page.js';

/** Seconds between two looks at the heap. */
const EVERY = 15;
/** Seconds after which the minute of figures is full. */
const FULL = 60;
/** Losses after which the log is full. */
const LOSSES = 40;
/** How much larger the heap may be at the end: what the compiler of the browser and its caches waver by. */
const TOLERANCE = 1.05;

interface Look {
  readonly seconds: number;
  readonly heap: number;
  readonly nodes: number;
  readonly listeners: number;
}

/**
 * Sends traffic through both pools, and cuts a connection of each before every look. Prints the heap of the page after a
 * collection of garbage, its nodes and its listeners. Rejects if the heap of the last quarter is larger than that of the
 * first after the page is full.
 */
export async function measureEndurance(minutes: number): Promise<void> {
  const app = await startServedPage();
  const browser = await startChromium();
  try {
    const dashboard = await DashboardPage.open(browser, app.url('/'));
    dashboard.page.setDefaultTimeout(120_000); // other programs may hold the machine for long
    const session = await dashboard.page.context().newCDPSession(dashboard.page);
    await session.send('HeapProfiler.enable');
    await session.send('Performance.enable');
    for (const pool of ['In NestJS', 'In this page'] as const) {
      await dashboard.choose(pool);
      await dashboard.status('healthy').waitFor();
      await dashboard.rate.fill('100');
      await fillLog(dashboard);
    }
    const looks: Look[] = [];
    const since = performance.now();
    for (let due = EVERY; due <= minutes * 60; due += EVERY) {
      await disturb(dashboard, due / EVERY);
      await dashboard.page.waitForTimeout(Math.max(0, due * 1_000 - (performance.now() - since)));
      const look = await lookAt(session, due);
      looks.push(look);
      const { heap, nodes, listeners } = look;
      console.log(`${due} s: heap ${(heap / 1e6).toFixed(2)} MB, ${nodes} nodes, ${listeners} listeners`);
    }
    if (dashboard.errors.length > 0) throw new Error(dashboard.errors.join('\n'));
    judge(looks.filter(({ seconds }) => seconds > FULL));
  } finally {
    await browser.close();
    app.terminate();
    await app.ended();
  }
}

async function fillLog(dashboard: DashboardPage): Promise<void> {
  const names = await dashboard.names();
  for (let loss = 0; loss < LOSSES; loss++) {
    await dashboard.button(`Cut ${names[loss % names.length]}`).click();
    await dashboard.status('healthy').waitFor();
  }
}

/** Shows one pool and the other in turn, and cuts a connection of it; each tenth time its server is stopped and started. */
async function disturb(dashboard: DashboardPage, turn: number): Promise<void> {
  await dashboard.choose(turn % 2 === 0 ? 'In this page' : 'In NestJS');
  if (turn % 10 >= 8) {
    await dashboard.button('Stop the server').click();
    await dashboard.status('down').waitFor();
    await dashboard.button('Start the server').click();
  } else {
    const names = await dashboard.names();
    await dashboard.button(`Cut ${names[turn % names.length]}`).click();
  }
  await dashboard.status('healthy').waitFor();
}

async function lookAt(session: CDPSession, seconds: number): Promise<Look> {
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize: heap } = await session.send('Runtime.getHeapUsage');
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name: string): number => metrics.find((each) => each.name === name)?.value ?? Number.NaN;
  return { seconds, heap, nodes: metric('Nodes'), listeners: metric('JSEventListeners') };
}

function judge(looks: readonly Look[]): void {
  const part = Math.floor(looks.length / 4);
  const mean = (some: readonly Look[]): number => some.reduce((sum, { heap }) => sum + heap, 0) / some.length;
  const growth = mean(looks.slice(-part)) / mean(looks.slice(0, part));
  console.log(`From the first quarter to the last, once the page was full: ${((growth - 1) * 100).toFixed(1)} %`);
  if (growth > TOLERANCE) throw new Error('The heap grows');
}
